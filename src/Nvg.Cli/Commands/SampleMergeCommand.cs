using System.CommandLine;
using System.Diagnostics;
using Nvg.Cli.Arguments;
using Nvg.Cli.Output;
using Nvg.Cli.Terminal;
using Nvg.Evaluation.SampleSets;

namespace Nvg.Cli.Commands;

/// <summary><c>nvg sample merge</c>: joins the parts of a sampling run.</summary>
internal sealed class SampleMergeCommand
{
    private readonly Argument<string[]> _files = new("files")
    {
        Description = "The files of all parts, in any order",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string> _output =
        new("--output", "-o") { Description = "The file to write", Required = true, HelpName = "FILE.npz" };
    private readonly Option<bool> _json = CommonOptions.Json();

    internal static Command Create()
    {
        var arguments = new SampleMergeCommand();
        Command command =
            new Command("merge", "Join the parts of a sampling run") { arguments._files }.With(arguments._output, arguments._json);
        command.SetAction(arguments.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        string[] files = parsed.GetRequiredValue(_files);
        string output = parsed.GetRequiredValue(_output);
        if (!ImageOutput.IsSamples(output))
            throw new UsageException($"-o {output}: the output is one file, whose name ends in .npz");
        if (files.Any(file => Path.GetFullPath(file) == Path.GetFullPath(output)))
            throw new UsageException($"{output} is read by this command: choose another output");
        var clock = Stopwatch.StartNew();
        ImageOutput.RequireWritable(output);
        SampleSettings settings = await ConsoleProgress.ShowAsync("merging", progress => Task.Run(
            () => SampleMerge.Run(files, output, new SynchronousProgress<double>(share => progress.Report($"{share:P0} done", share)),
                cancellation),
            CancellationToken.None));
        if (parsed.GetValue(_json))
            MachineOutput.Write(new Report(output, files, settings, clock.Elapsed.TotalSeconds));
        else
            ConsoleText.Print($"{ConsoleText.Count(settings.Count, "image")} → {output} ({clock.Elapsed.TotalSeconds:F1} s)");
        return CommandRunner.Done;
    }

    private sealed record Report(string File, IReadOnlyList<string> Parts, SampleSettings Settings, double Seconds);
}
