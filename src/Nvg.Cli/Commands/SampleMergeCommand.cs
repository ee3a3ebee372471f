using System.CommandLine;
using System.Diagnostics;
using Nvg.Cli.Arguments;
using Nvg.Cli.Output;
using Nvg.Cli.Terminal;
using Nvg.Evaluation.SampleSets;

namespace Nvg.Cli.Commands;

/// <summary><c>nvg sample merge</c>: the parts of a sampling run in one file.</summary>
internal sealed class SampleMergeCommand
{
    private readonly Argument<string[]> _files = new("files") { Description = "The files of all parts, in any order", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string> _output = new("--output", "-o") { Description = "The file of the whole", Required = true, HelpName = "FILE.npz" };
    private readonly Option<bool> _json = CommonOptions.Json();

    internal static Command Create()
    {
        var arguments = new SampleMergeCommand();
        var command = new Command("merge", "Put the parts of a sampling run together") { arguments._files, arguments._output, arguments._json };
        command.SetAction((parsed, cancellation) => arguments.RunAsync(parsed, cancellation));
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        string[] files = parsed.GetRequiredValue(_files);
        string output = parsed.GetRequiredValue(_output);
        if (!ImageOutput.IsSamples(output))
            throw new UsageException($"-o {output}: samples go into one file, whose name ends in .npz");
        if (files.Any(file => Path.GetFullPath(file) == Path.GetFullPath(output)))
            throw new UsageException($"{output} is read by this command: choose another output");
        var clock = Stopwatch.StartNew();
        ImageOutput.RequireWritable(output);
        SampleSettings settings = await ConsoleProgress.ShowAsync("merging", progress => Task.Run(
            () => SampleMerge.Run(files, output, new SynchronousProgress<double>(share => progress.Report($"{share:P0}", share)), cancellation), CancellationToken.None));
        if (parsed.GetValue(_json))
            MachineOutput.Write(new Report(output, files, settings, clock.Elapsed.TotalSeconds));
        else
            Console.WriteLine($"{settings.Count} images → {output} ({clock.Elapsed.TotalSeconds:F1} s)");
        return CommandRunner.Done;
    }

    private sealed record Report(string File, IReadOnlyList<string> Parts, SampleSettings Settings, double Seconds);
}
