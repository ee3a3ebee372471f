using System.CommandLine;
using Nvg.Evaluation.Studies;

namespace Nvg.Cli.Commands.Evaluate;

/// <summary><c>nvg evaluate sweep</c>: every combination of values of some sampling settings.</summary>
internal static class EvaluateSweepCommand
{
    internal static Command Create()
    {
        var vary = new Option<string[]>("--vary")
        {
            Description = "A sampling setting and its values, such as contentGuidance=1,1-3,1.5-4 or structureSteps=1,4,25 or keep=nothing,structure:3; several give every combination",
            HelpName = "key=value,…",
            Required = true,
            AllowMultipleArgumentsPerToken = true,
        };
        var arguments = new StudyArguments();
        var command = new Command("sweep", "Every combination of values of sampling settings") { vary };
        arguments.AddTo(command);
        command.SetAction((parsed, cancellation) => arguments.RunAsync(parsed, "Sweep of sampling settings", (_, _) => StudyPlan.Grid(parsed.GetRequiredValue(vary)), cancellation));
        return command;
    }
}
