using Nvg.Cli.Terminal;
using Nvg.Torch;
using Nvg.Training.Planning;
using Nvg.Training.Planning.Execution;
using Nvg.Training.Planning.Facts;

namespace Nvg.Cli.Planning;

/// <summary>
/// Makes a plan: surveys data and machine, chooses networks, measures their rates, and plans again with the measured rates.
/// </summary>
/// <param name="request">The request.</param>
/// <param name="device">Where to train; loaded and ready.</param>
/// <param name="progress">Shows progress.</param>
/// <param name="cancellation">Ends the work.</param>
internal sealed class PlanMaking(PlanRequest request, Device device, ConsoleProgress progress, CancellationToken cancellation)
{
    // Measured rates as shares of the estimates. Outside these, networks of other sizes suit the machine as it is now, and the sizes are
    // chosen again.
    private const double TooSlow = 0.5, MuchFaster = 1.5;

    /// <summary>Makes the plan.</summary>
    /// <param name="source">Folder, archive or data set.</param>
    /// <param name="subset">Folder inside the source, or null.</param>
    internal TrainingPlan Plan(string source, string? subset)
    {
        DataFacts data = DataSurvey.Run(
            source, subset, new SynchronousProgress<long>(count => progress.Report($"{ConsoleText.Count(count, "image")} seen", null)),
            cancellation);
        progress.Start("measuring the machine");
        MachineFacts machine = MachineSurvey.Run(device);
        TrainingPlan estimated = TrainingPlanner.Plan(request, data, machine);
        StageRates rates = Measure(estimated);
        double speed = Math.Min(rates.Tokenizer / estimated.Rates.Tokenizer, rates.Generator / estimated.Rates.Generator);
        if (speed is >= TooSlow and <= MuchFaster)
            return TrainingPlanner.Plan(request, data, machine, rates);
        MachineFacts asMeasured = machine with { MatrixRate = machine.MatrixRate * speed };
        TrainingPlan changed = TrainingPlanner.Plan(request, data, asMeasured);
        bool isSame = changed.Size == estimated.Size && changed.Generator.Depth == estimated.Generator.Depth
            && changed.Tokenizer.Tokenizer.BaseChannels == estimated.Tokenizer.Tokenizer.BaseChannels;
        return TrainingPlanner.Plan(request, data, asMeasured, isSame ? rates : Measure(changed)) with { Machine = machine };
    }

    private StageRates Measure(TrainingPlan plan)
    {
        progress.Start($"measuring networks for {plan.Size} × {plan.Size} pixels, which takes about a minute");
        return RateMeasurement.Run(plan, device, cancellation);
    }
}
