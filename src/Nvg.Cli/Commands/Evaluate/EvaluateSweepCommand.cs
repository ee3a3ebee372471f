using System.CommandLine;
using Nvg.Cli.Arguments;
using Nvg.Cli.Terminal;
using Nvg.Evaluation.Studies;
using Nvg.Sampling;

namespace Nvg.Cli.Commands.Evaluate;

/// <summary><c>nvg evaluate sweep</c>: every combination of values of some sampling settings.</summary>
internal static class EvaluateSweepCommand
{
    internal static Command Create()
    {
        var vary = new Option<string[]>("--vary")
        {
            Description = "A sampling setting and its values, such as contentGuidance=1,1-3,1.5-4 or structureSteps=1,25,auto or keep=nothing,structure:3; several give every combination",
            HelpName = "key=value,…",
            Required = true,
            AllowMultipleArgumentsPerToken = true,
        };
        var arguments = new StudyArguments();
        var command = new Command("sweep", "Every combination of values of sampling settings") { vary };
        arguments.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            IReadOnlyList<StudyPoint> points = Points(parsed.GetRequiredValue(vary));
            return await arguments.RunAsync(parsed, "Sweep of sampling settings", (_, _) => points, cancellation);
        });
        return command;
    }

    // What is mistyped shows before any model is read.
    private static IReadOnlyList<StudyPoint> Points(string[] axes)
    {
        try
        {
            IReadOnlyList<StudyPoint> points = StudyPlan.Grid(axes);
            foreach (StudyPoint point in points)
            {
                point.Apply(new SamplingOptions());
                _ = point.Kept;
            }

            return points;
        }
        catch (NvgDataException error)
        {
            throw new UsageException($"--vary: {error.Message}");
        }
    }
}
