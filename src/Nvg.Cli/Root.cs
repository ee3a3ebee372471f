using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Nvg.Cli.Commands;
using Nvg.Cli.Commands.Evaluate;

namespace Nvg.Cli;

/// <summary>The <c>nvg</c> command.</summary>
internal static class Root
{
    // Not a RootCommand: that takes the name of the file that runs.
    internal static Command Create()
    {
        var help = new HelpOption();
        var root = new Command("nvg", "Next Visual Granularity: tokenize, generate, train and measure images.")
        {
            help,
            new VersionOption(),
            GenerateCommand.Create(),
            ShowCommand.Create(),
            SampleCommand.Create(),
            ReconstructCommand.Create(),
            PrepareCommand.Create(),
            TrainCommand.Create(),
            ReportCommand.Create(),
            ConvertCommand.Create(),
            EvaluateCommand.Create(),
            VerifyCommand.Create(),
            BenchCommand.Create(),
            DoctorCommand.Create(),
        };
        // Alone it says what there is.
        root.SetAction(parsed => ((SynchronousCommandLineAction)help.Action!).Invoke(parsed));
        return root;
    }
}
