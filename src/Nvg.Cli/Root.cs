using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Nvg.Cli.Commands;
using Nvg.Cli.Commands.Comparison;
using Nvg.Cli.Commands.Evaluate;
using Nvg.Cli.Commands.Training;
using Nvg.Cli.Help;

namespace Nvg.Cli;

/// <summary>The <c>nvg</c> command.</summary>
internal static class Root
{
    // Not a RootCommand, because its name would be the name of the executable.
    internal static Command Create()
    {
        var help = new HelpOption();
        help.Action = new HelpWithExamples((HelpAction)help.Action!);
        var root = new Command("nvg", "Next Visual Granularity: generate images, train models and measure them.")
        {
            help,
            new VersionOption(),
            GenerateCommand.Create(),
            ServeCommand.Create(),
            ModelsCommand.Create(),
            ClassesCommand.Create(),
            ShowCommand.Create(),
            SampleCommand.Create(),
            ReconstructCommand.Create(),
            CompareCommand.Create(),
            PrepareCommand.Create(),
            TrainCommand.Create(),
            DistillCommand.Create(),
            ReportCommand.Create(),
            ConvertCommand.Create(),
            EvaluateCommand.Create(),
            VerifyCommand.Create(),
            BenchCommand.Create(),
            DoctorCommand.Create(),
            CompletionCommand.Create(),
        };
        // Without a command, the help lists the commands.
        root.SetAction(parsed => ((SynchronousCommandLineAction)help.Action!).Invoke(parsed));
        return root;
    }
}
