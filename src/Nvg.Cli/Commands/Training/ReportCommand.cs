using System.CommandLine;
using Nvg.Cli.Arguments;
using Nvg.Cli.Terminal;
using Nvg.Training.Runs;

namespace Nvg.Cli.Commands.Training;

/// <summary><c>nvg report</c>: writes a report page for a training run.</summary>
internal sealed class ReportCommand
{
    private readonly Argument<string> _run = new("RUN") { Description = "Folder of a training run, finished or in progress" };

    private readonly Option<string> _output = new("--output", "-o")
    {
        Description = "The page, one HTML file with everything in it",
        DefaultValueFactory = _ => "report.html",
        HelpName = "FILE.html",
    };

    internal static Command Create()
    {
        var arguments = new ReportCommand();
        Command command = new Command("report",
            "Write a page about a training run: curves, codebook usage, images over time, settings") { arguments._run }
            .With(arguments._output);
        command.SetAction(arguments.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        string path = parsed.GetRequiredValue(_output);
        RunReport.Make(parsed.GetRequiredValue(_run), DateTimeOffset.UtcNow).Write(path);
        ConsoleText.Note($"report written to {path}");
        return CommandRunner.Done;
    }
}
