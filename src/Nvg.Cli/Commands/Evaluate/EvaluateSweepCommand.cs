using System.CommandLine;
using Nvg.Cli.Arguments;
using Nvg.Cli.Terminal;
using Nvg.Evaluation.Studies;
using Nvg.Sampling;

namespace Nvg.Cli.Commands.Evaluate;

/// <summary><c>nvg evaluate sweep</c>: measures every combination of values of sampling settings.</summary>
internal sealed class EvaluateSweepCommand
{
    private readonly StudyArguments _study = new();

    private readonly Option<string[]> _vary = new("--vary")
    {
        Description =
            "A sampling setting and its values, such as contentGuidance=1,1-3,1.5-4, structureSteps=1,25,auto or keep=nothing,structure:3; "
            + "several give every combination",
        HelpName = "key=value,…",
        Required = true,
        AllowMultipleArgumentsPerToken = true,
    };

    internal static Command Create()
    {
        var arguments = new EvaluateSweepCommand();
        Command command = new Command("sweep", "Measure every combination of values of sampling settings").With(arguments._vary);
        arguments._study.AddTo(command);
        command.SetAction(arguments.RunAsync);
        return command;
    }

    private Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        IReadOnlyList<StudyPoint> points = Points(parsed.GetRequiredValue(_vary));
        return _study.RunAsync(parsed, "Sweep of sampling settings", (_, _) => points, cancellation);
    }

    // Mistakes are found before a model is loaded.
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
