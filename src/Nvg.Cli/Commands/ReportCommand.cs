using System.CommandLine;
using Nvg.Cli.Terminal;
using Nvg.Training.Runs;

namespace Nvg.Cli.Commands;

/// <summary><c>nvg report</c>: a training run as one page.</summary>
internal static class ReportCommand
{
    internal static Command Create()
    {
        var run = new Argument<string>("RUN") { Description = "A folder that nvg train wrote; the run may still be under way" };
        var output = new Option<string>("--output", "-o") { Description = "The page, one file with everything inside", DefaultValueFactory = _ => "report.html", HelpName = "FILE.html" };
        var command = new Command("report", "Show a training run as one page: curves, codebook usage, images over time, settings") { run, output };
        command.SetAction(parsed =>
        {
            string path = parsed.GetValue(output)!;
            RunReport.Make(parsed.GetValue(run)!, DateTimeOffset.UtcNow).Write(path);
            Console.Error.WriteLine($"report written to {path}");
            return CommandRunner.Done;
        });
        return command;
    }
}
