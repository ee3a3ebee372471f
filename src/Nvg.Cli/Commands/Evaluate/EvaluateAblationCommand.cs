using System.CommandLine;
using Nvg.Cli.Arguments;
using Nvg.Evaluation.Studies;

namespace Nvg.Cli.Commands.Evaluate;

/// <summary><c>nvg evaluate ablation</c>: what each part of the sampling contributes.</summary>
internal static class EvaluateAblationCommand
{
    internal static Command Create()
    {
        var arguments = new StudyArguments();
        var command = new Command("ablation", "Take the parts of sampling away one by one: guidance, top-p, structure steps, given structure");
        arguments.AddTo(command);
        command.SetAction((parsed, cancellation) => arguments.RunAsync(parsed, "Ablation of sampling", StudyPlan.Ablation, cancellation));
        return command;
    }
}
