using System.Diagnostics;
using Nvg.Cli.Launching;
using Nvg.Cli.Terminal;
using Nvg.Data.Datasets;
using Nvg.Torch;
using Nvg.Training.Distributed;
using Nvg.Training.Planning;
using Nvg.Training.Planning.Execution;
using Nvg.Training.Planning.Facts;

namespace Nvg.Cli.Planning;

/// <summary>Executes a plan, or continues it from its current state: data, training, measurement, model card.</summary>
/// <param name="plan">The plan.</param>
/// <param name="folder">Folder of the plan.</param>
/// <param name="device">Where to compute.</param>
/// <param name="clock">Time and state of the run.</param>
internal sealed class PlanRun(TrainingPlan plan, PlanFolder folder, Device device, RunClock clock)
{
    // Share of the planned images; with fewer, the plan's expectations do not hold.
    private const double LeastShare = 0.8;

    private TrainingPlan _plan = plan;

    /// <summary>Executes the plan.</summary>
    /// <param name="source">The images.</param>
    /// <param name="subset">Folder inside the source, or null.</param>
    /// <param name="cancellation">Requests to save and end.</param>
    /// <exception cref="OperationCanceledException">The run was stopped; executing the plan again continues it.</exception>
    internal async Task RunAsync(string source, string? subset, CancellationToken cancellation)
    {
        if (clock.State.IsFinished)
        {
            ConsoleText.Note($"{folder.Path} is finished");
            Conclude();
            return;
        }

        _plan = await ConsoleProgress.ShowAsync(
            "preparing", progress => SourcePreparation.RunAsync(source, subset, _plan, folder, progress, cancellation));
        await TrainAsync(cancellation);
        folder.CopyModel();
        ModelFigures figures = await ConsoleProgress.ShowAsync(
            "measuring", progress => Task.Run(() => MeasureAsync(progress, cancellation), CancellationToken.None));
        clock.Finish();
        PlannedModelCard.Write(_plan, figures, clock.State, folder.Model, TryIt);
        Conclude();
    }

    private string TryIt =>
        CommandLineText.Of(["generate", "--model", folder.Model, "--count", "16", "-o", "samples.png"]).Replace(
            "./nvg", "nvg", StringComparison.Ordinal);

    private async Task TrainAsync(CancellationToken cancellation)
    {
        ConsoleText.Note($"training in {folder.Path}: Ctrl-C saves, the same command continues; "
            + $"nvg report {folder.Path}/{StageNames.Tokenizer} -o report.html shows curves and images meanwhile");
        await ConsoleProgress.ShowAsync("training", progress => Task.Run(
            () =>
            {
                using PackedDataset data = PackedDataset.Open(folder.TrainingData);
                var execution = new PlanExecution(_plan, folder.Path, device, clock)
                {
                    Progress = new SynchronousProgress<PlannedStageProgress>(p => Report(progress, p)),
                    Accepted = stage => RunEnvironment.Write(stage, device, TrainingProcesses.Single, null),
                    Warned = message => ConsoleText.Note($"warning: {message}"),
                };
                execution.Run(data, cancellation);
                return true;
            },
            CancellationToken.None));
    }

    // Guidance and top-p are chosen first, so that the final settings are measured.
    private async Task<ModelFigures> MeasureAsync(ConsoleProgress progress, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        SamplingChoice? sampling = await SamplingChoice.RunAsync(_plan, folder, device, clock, progress, cancellation);
        ModelFigures figures = await ModelMeasurement.RunAsync(_plan, folder, device, clock, progress, cancellation);
        return figures with { Sampling = sampling };
    }

    private void Report(ConsoleProgress progress, PlannedStageProgress p)
    {
        double left = Math.Max(0, _plan.Seconds - clock.Seconds);
        string? state = p.Training is { } training
            ? $"step {training.Step:N0}/{training.Steps:N0}, loss {training.Terms.FirstOrDefault(t => t.Key == "loss").Value:F3}, "
                + $"{training.ImagesPerSecond:F0} images/s, {training.MemoryMiB:F0} MiB"
            : p.Message;
        progress.Report($"{p.Stage}: {PlanText.Time(left)} left, {state}", Math.Min(1, clock.Seconds / _plan.Seconds));
    }

    private void Conclude()
    {
        PlannedStage generator = _plan.Stage(StageNames.Generator);
        long seen = clock.State.ImagesSeen(generator);
        if (seen < LeastShare * generator.Images)
        {
            ConsoleText.Note($"the generators saw {seen:N0} of the {generator.Images:N0} images planned, because the machine was slower "
                + "than expected: the images will be less clear than planned");
        }

        ConsoleText.Note($"planned {PlanText.Time(_plan.Seconds)}, taken {PlanText.Time(clock.State.Seconds)}");
        ConsoleText.Print($"model {folder.Model} (its card: {Path.Combine(folder.Model, "README.md")})");
        ConsoleText.Note($"next: {TryIt}");
    }
}
