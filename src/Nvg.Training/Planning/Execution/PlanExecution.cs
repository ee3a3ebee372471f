using Nvg.Data.Datasets;
using Nvg.Torch;
using Nvg.Training.Loop;
using Nvg.Training.Optimization;
using Nvg.Training.Runs;
using Nvg.Training.Tasks.Classifiers;
using Nvg.Training.Tasks.Generators;
using Nvg.Training.Tasks.Tokenizers;

namespace Nvg.Training.Planning.Execution;

/// <summary>
/// Trains the networks of a plan one after the other, each in its own run folder inside the folder of the plan. Finished stages
/// are skipped; an interrupted stage continues from its checkpoint. The number of steps follows the clock (<see cref="Pacing"/>).
/// </summary>
public sealed class PlanExecution
{
    // Time to load the model and write its folder, in seconds.
    private const double EndOfStage = 2;

    private readonly TrainingPlan _plan;
    private readonly string _folder;
    private readonly Device _device;
    private readonly RunClock _clock;

    /// <param name="plan">The plan.</param>
    /// <param name="folder">Folder of the plan.</param>
    /// <param name="device">Where to train.</param>
    /// <param name="clock">Time and state of the run.</param>
    public PlanExecution(TrainingPlan plan, string folder, Device device, RunClock clock) =>
        (_plan, _folder, _device, _clock) = (plan, folder, device, clock);

    /// <summary>Receives progress.</summary>
    public IProgress<PlannedStageProgress>? Progress { get; init; }

    /// <summary>Called when the run folder of a stage is accepted, with the folder.</summary>
    public Action<string>? Accepted { get; init; }

    /// <summary>Receives warnings.</summary>
    public Action<string>? Warned { get; init; }

    /// <summary>Folder of a stage's model.</summary>
    /// <param name="folder">Folder of the plan.</param>
    /// <param name="stage">Name of the stage.</param>
    public static string ModelFolder(string folder, string stage) => Path.Combine(folder, stage, "model");

    /// <summary>Trains all stages.</summary>
    /// <param name="data">The training images; borrowed.</param>
    /// <param name="cancellation">Requests to save and end.</param>
    /// <exception cref="OperationCanceledException">The run was stopped; executing the plan again continues it.</exception>
    public void Run(PackedDataset data, CancellationToken cancellation)
    {
        Train(StageNames.Tokenizer, _plan.Tokenizer.Training, TokenizerEnd(),
            steps => _plan.Tokenizer with { Training = _plan.Tokenizer.Training with { Steps = steps } },
            _ => new TokenizerTraining(_plan.Tokenizer, data, _device), cancellation);
        if (_plan.Classifier is { } classifier)
        {
            double begun = _clock.Seconds - _clock.State.Stage(StageNames.Classifier).Seconds;
            Train(StageNames.Classifier, classifier.Training, begun + _plan.Stage(StageNames.Classifier).Seconds,
                steps => classifier with { Training = classifier.Training with { Steps = steps } },
                _ => new ClassifierTraining(classifier, data, _device), cancellation);
        }

        GeneratorRunConfig generator = _plan.Generator with { Tokenizer = ModelFolder(_folder, StageNames.Tokenizer) };
        double end = _plan.Request.Seconds - _plan.Stage(StageNames.Measurement).Seconds;
        Train(StageNames.Generator, generator.Training, end,
            steps => generator with { Training = generator.Training with { Steps = steps } }, Generator, cancellation);

        ITrainingTask Generator(string folder) => new GeneratorTraining(
            generator, data, _device, folder, progress: new SynchronousProgress<int>(Encoded), cancellation: cancellation);
    }

    // The tokenizer's share of the remaining time, because the earlier stages may have been slower than planned.
    private double TokenizerEnd()
    {
        double begun = _clock.Seconds - _clock.State.Stage(StageNames.Tokenizer).Seconds;
        double Planned(params IEnumerable<string> names) => _plan.Stages.Where(
            stage => names.Contains(stage.Name)).Sum(stage => stage.Seconds);
        double left = _plan.Request.Seconds - begun - Planned(StageNames.Classifier, StageNames.Measurement);
        return begun + left * Planned(StageNames.Tokenizer) / Planned(StageNames.Tokenizer, StageNames.Generator);
    }

    private void Encoded(int images)
    {
        _clock.Tick(StageNames.Generator);
        Progress?.Report(new PlannedStageProgress(StageNames.Generator, $"{images:N0} images encoded", null, 0));
    }

    // The settings in the folder of a stage have its final number of steps, so that the command of the stage accepts them.
    private void Train<TConfig>(
        string name, TrainingOptions options, double end, Func<long, TConfig> with, Func<string, ITrainingTask> create,
        CancellationToken cancellation)
    {
        if (_clock.State.Stage(name).IsDone)
            return;
        cancellation.ThrowIfCancellationRequested();
        _clock.Begin(name);
        string folder = Path.Combine(_folder, name);
        using RunLock exclusive = RunLock.Take(folder);
        Progress?.Report(new PlannedStageProgress(name, "starting", null, 0));
        try
        {
            using ITrainingTask task = create(folder);
            Accepted?.Invoke(folder);
            Train(
                name, task, options, end, folder, steps => RunConfiguration.Write(Path.Combine(folder, "options.json"), with(steps)),
                cancellation);
        }
        catch (OperationCanceledException)
        {
            _clock.Save(name, stage => stage);
            throw;
        }

        _clock.Save(name, stage => stage with { IsDone = true });
    }

    private void Train(
        string name, ITrainingTask task, TrainingOptions options, double end, string folder, Action<long> describe,
        CancellationToken cancellation)
    {
        long before = _clock.State.Stage(name).Steps;
        var pacing = new Pacing(before > 0 ? before : options.Steps, options.HoldShare, end - EndOfStage);
        while (true)
        {
            _clock.Save(name, stage => stage with { Steps = pacing.Steps });
            describe(pacing.Steps);
            if (TrainUntilReplanned(name, task, options with { Steps = pacing.Steps }, pacing, folder, cancellation))
                return;
        }
    }

    // Returns whether the last step was reached.
    private bool TrainUntilReplanned(
        string name, ITrainingTask task, TrainingOptions options, Pacing pacing, string folder, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var trainer = new Trainer(task, options, _device, folder) { Warned = Warned };
        bool isReplanned = false;
        var listener = new SynchronousProgress<TrainingProgress>(progress =>
        {
            _clock.Tick(name);
            Progress?.Report(new PlannedStageProgress(name, null, progress, options.BatchSize));
            if (isReplanned || progress.Step >= options.Steps || !pacing.Observe(progress.Step, _clock.Seconds))
                return;
            isReplanned = true;
            stop.Cancel();
        });
        try
        {
            trainer.Run(listener, stop.Token);
            return true;
        }
        catch (OperationCanceledException) when (isReplanned && !cancellation.IsCancellationRequested)
        {
            return false;
        }
    }
}
