using System.CommandLine;
using Nvg.Cli.Arguments;
using Nvg.Evaluation.Studies;

namespace Nvg.Cli.Commands.Evaluate;

/// <summary><c>nvg evaluate ablation</c>: measures what each part of sampling contributes.</summary>
internal sealed class EvaluateAblationCommand
{
    private readonly StudyArguments _study = new();

    internal static Command Create()
    {
        var arguments = new EvaluateAblationCommand();
        var command =
            new Command("ablation", "Remove the parts of sampling one at a time: guidance, top-p, structure steps, given structure");
        arguments._study.AddTo(command);
        command.SetAction(arguments.RunAsync);
        return command;
    }

    private Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation) =>
        _study.RunAsync(parsed, "Ablation of sampling", StudyPlan.Ablation, cancellation);
}
