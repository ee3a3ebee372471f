using System.Diagnostics;
using System.Text;
using Nvg.Torch;
using Nvg.Torch.Distributed;
using Nvg.Torch.Interop;
using Nvg.Torch.Optim;
using Nvg.Training.Distributed;
using Nvg.Training.Optimization;
using Nvg.Training.Runs;

namespace Nvg.Training.Loop;

/// <summary>
/// The training loop of every task: ordered batches, loss, gradients, AdamW, running average, logs and checkpoints. The run
/// folder holds <c>log.txt</c>, <c>stats.jsonl</c>, <c>checkpoints/</c> and the resulting <c>model/</c>. Each of several processes
/// works on its share of every batch; only rank 0 writes to the run folder.
/// </summary>
public sealed class Trainer : IDisposable
{
    private readonly ITrainingTask _task;
    private readonly TrainingOptions _options;
    private readonly Device _device;
    private readonly string _folder;
    private readonly GroupedOptimizer _optimizer;
    private readonly WeightAverage _average;
    private readonly RunLog? _log;
    private readonly TrainingProcesses _processes;
    private readonly GradientReducer? _reducer;
    private long? _savedStep;
    private double _scoreSum;
    private long _scoreSteps;
    private int _failures;
    private bool _isUnheard;

    /// <param name="task">The task to train; borrowed.</param>
    /// <param name="options">Steps, batch, optimizer.</param>
    /// <param name="device">The training device.</param>
    /// <param name="folder">Run folder.</param>
    /// <param name="processes">The processes that train together; borrowed. Null for a single process.</param>
    /// <exception cref="NvgDataException">There are more processes than images in a batch.</exception>
    public Trainer(ITrainingTask task, TrainingOptions options, Device device, string folder, TrainingProcesses? processes = null)
    {
        (_task, _options, _device, _folder, _processes) = (task, options, device, folder, processes ?? TrainingProcesses.Single);
        if (options.BatchSize < _processes.Count)
        {
            throw new NvgDataException(
                $"training.batchSize is {options.BatchSize} for all {_processes.Count} processes together: "
                + "give every process at least one image");
        }

        _optimizer = new GroupedOptimizer(task.Parameters, task.Groups, options);
        _average = new WeightAverage(task.Parameters, options.EmaDecay, task.IsAveraged);
        _reducer = _processes.ReducerOf(task.Groups.SelectMany(group => group.Names).Select(name => task.Parameters[name]));
        if (!_processes.IsFirst)
            return;
        _log = new RunLog(folder) { Warned = message => Notify(() => Warned?.Invoke(message)) };
        if (_processes.Count > 1)
            _processes.Failing = WriteFailure;
    }

    /// <summary>The folder of the resulting model.</summary>
    public string ModelFolder => Path.Combine(_folder, "model");

    /// <summary>Called before the first step, once the newest checkpoint is known to match the settings.</summary>
    public Action? Accepted { get; init; }

    /// <summary>Receives warnings, for example about a damaged checkpoint.</summary>
    public Action<string>? Warned { get; init; }

    private string CheckpointFolder => CheckpointFolderOf(_folder);

    /// <summary>Whether the folder of a run has a checkpoint from which a trainer would continue.</summary>
    /// <param name="folder">Folder of the run; it may be missing.</param>
    public static bool HasCheckpoint(string folder) => CheckpointFolderOf(folder) is var checkpoints
        && Directory.Exists(checkpoints) && Directory.EnumerateFileSystemEntries(checkpoints).Any();

    private static string CheckpointFolderOf(string folder) => Path.Combine(folder, "checkpoints");

    /// <summary>
    /// Trains from the newest checkpoint, or from the start, to the last step, and writes the model. A listener that can no
    /// longer write (a closed terminal, a full disk) does not end the run. The process keeps freed memory for the next step.
    /// </summary>
    /// <param name="progress">Receives every log line.</param>
    /// <param name="cancellation">Stops the run after the current step, with a checkpoint.</param>
    /// <exception cref="OperationCanceledException">The run was stopped; it can be resumed.</exception>
    /// <exception cref="NvgDataException">A checkpoint belongs to other settings.</exception>
    /// <exception cref="TrainingDivergedException">A loss term is no longer finite; the last good checkpoint is kept.</exception>
    public void Run(IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        ProcessMemory.KeepFreed();
        try
        {
            Train(progress, cancellation);
        }
        catch (TrainingDivergedException error)
        {
            WriteFailure(error.Message);
            throw;
        }
        catch (TorchException error) when (_processes.Count > 1)
        {
            // The log also gets the reasons of the other processes, such as a rank whose latents diverged.
            WriteFailure(_processes.Explain(error) ?? error.Message);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_processes.Count > 1)
            _processes.Failing = null;
        _optimizer.Dispose();
        _average.Dispose();
        _reducer?.Dispose();
        _log?.Dispose();
    }

    private void Train(IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        Restore();
        Accepted?.Invoke();
        long step = _savedStep ?? 0;
        _log?.ContinueFrom(step);
        _log?.Write(step == 0 ? "training starts" : $"training continues after step {step}");
        var order = new DataOrder(_task.ExampleCount, _options.BatchSize, _options.Seed);
        using var terms = new LossLog();
        var clock = Stopwatch.StartNew();
        long loggedStep = step;
        Prefetch(order, step);
        while (step < _options.Steps)
        {
            if (_processes.AgreeToStop(cancellation.IsCancellationRequested))
            {
                ReadTerms(terms, step, ref loggedStep, clock, progress);
                SaveCheckpoint(step);
                _log?.Write($"stopped after step {step}");
                // A launcher ends all processes when one has ended. This must not happen before the checkpoint is complete.
                _processes.Stop();
                throw new OperationCanceledException(cancellation);
            }

            Prefetch(order, step + 1);
            TakeStep(step, order.Batch(step), terms);
            step++;
            if (step % _options.LogEvery == 0 || step == _options.Steps || step % _options.CheckpointEvery == 0)
                ReadTerms(terms, step, ref loggedStep, clock, progress);
            if (step % _options.CheckpointEvery == 0 && step < _options.Steps)
                SaveCheckpoint(step);
            if (_options.IsImageStep(step))
                ShowImage(step);
        }

        SaveCheckpoint(step);
        if (_processes.IsFirst)
            _task.Export(ModelFolder, _average.Parameters);
        _log?.Write($"training done after {step} steps, model in {ModelFolder}");
        _processes.Barrier();
    }

    // Written only once, whether the training thread or the watch thread notices first.
    private void WriteFailure(string reason)
    {
        if (Interlocked.Exchange(ref _failures, 1) == 0)
            _log?.Write(reason);
    }

    // Rank 0 reads the checkpoint and broadcasts it, so the processes need no shared disk.
    private void Restore()
    {
        if (_processes.IsFirst)
        {
            _savedStep = TrainingCheckpoint.Restore(
                CheckpointFolder, _task.Fingerprint, _task.Parameters, _average, _optimizer, _log!.Warn);
        }

        if (_processes.Count == 1)
            return;
        byte[][] all = _processes.GatherBytes(Encoding.UTF8.GetBytes(_task.Fingerprint));
        string[] fingerprints = Array.ConvertAll(all, Encoding.UTF8.GetString);
        if (Array.FindIndex(fingerprints, f => f != fingerprints[0]) is var other and >= 0)
            throw new NvgDataException($"rank {other} was started with other settings or data than rank 0");
        long savedStep = _processes.Broadcast(_savedStep ?? -1);
        _savedStep = savedStep < 0 ? null : savedStep;
        long optimizerStep = _processes.Broadcast(_optimizer.StepCount);
        _processes.Broadcast([.. _task.Parameters.Values, .. _average.Parameters.Values, .. _optimizer.State.Select(s => s.Value)]);
        _optimizer.Restore(_optimizer.State.ToDictionary(), optimizerStep);
    }

    private void Prefetch(DataOrder order, long step)
    {
        if (step < _options.Steps)
            _task.Prefetch(step, order.Batch(step));
    }

    private void TakeStep(long step, int[] examples, LossLog terms)
    {
        using var scope = new TensorScope();
        // Gradients accumulate over the micro-batches of the share; the backward pass of the last one starts their reduction
        // over the processes.
        BatchShare own = _processes.ShareOf(examples.Length);
        int parts = PartCount(examples.Length);
        for (int i = 0; i < parts; i++)
        {
            using var partScope = new TensorScope();
            using var random = new RandomGenerator(RandomSeed.Of(_options.Seed, step, RandomStream.Step), _device);
            BatchShare part = own.Part(i, parts);
            terms.Weight = part.Weight;
            Tensor loss;
            using (Autograd.Autocast(_device, _options.Precision))
                loss = _task.Loss(step, examples, part, random, terms);
            terms.Add("loss", loss);
            if (i == parts - 1)
                _reducer?.Begin();
            (loss * part.Weight).Backward();
        }

        _reducer?.Finish();

        terms.Weight = own.Weight;
        _optimizer.ClipGradients(terms);
        _optimizer.Step(_options.LearningRateAt(step), _options.WeightDecayAt(step));
        _average.Update(step + 1);
    }

    // The number is the same in every process: large enough that no part exceeds a micro-batch, and small enough that no part is empty.
    private int PartCount(int examples)
    {
        int largest = (examples + _processes.Count - 1) / _processes.Count, most = _options.MicroBatchSize ?? largest;
        return Math.Min((largest + most - 1) / most, examples / _processes.Count);
    }

    private void ReadTerms(LossLog terms, long step, ref long loggedStep, Stopwatch clock, IProgress<TrainingProgress>? progress)
    {
        foreach (Tensor counts in terms.CodeCounts)
            _processes.SumInPlace(counts);
        IReadOnlyList<KeyValuePair<string, double>> means = _processes.MergeTerms(terms.TakeSums());
        if (means.Count == 0)
            return;
        if (_options.KeepBest is { } best && means.FirstOrDefault(m => m.Key == best) is { Key: not null } scored)
        {
            _scoreSum += scored.Value * (step - loggedStep);
            _scoreSteps += step - loggedStep;
        }

        double rate = (step - loggedStep) * _options.BatchSize / clock.Elapsed.TotalSeconds;
        loggedStep = step;
        clock.Restart();
        double epoch = (double)step * _options.BatchSize / _task.ExampleCount;
        var report = new TrainingProgress(step, _options.Steps, epoch, _options.LearningRateAt(step - 1), rate, means)
        {
            MemoryMiB = Environment.WorkingSet / (double)(1 << 20),
        };
        _log?.WriteStatistics(report);
        Notify(() => progress?.Report(report));
        // A per-stage term is reported first, because totals derive from it.
        string[] broken = [.. means.Where(m => !double.IsFinite(m.Value)).Select(m => m.Key)];
        if (broken.Length > 0)
            throw TrainingDivergedException.At(Array.Find(broken, t => StagedTerm.Of(t).Stage is not null) ?? broken[0], step);
    }

    private void SaveCheckpoint(long step)
    {
        if (step == _savedStep)
            return;
        double? score = _scoreSteps > 0 ? _scoreSum / _scoreSteps : null;
        (_savedStep, _scoreSum, _scoreSteps) = (step, 0, 0);
        if (_processes.IsFirst)
        {
            TrainingCheckpoint.Save(
                CheckpointFolder, step, _task.Fingerprint, _task.Parameters, _average, _optimizer, _options, score);
        }
    }

    // Messages are not the purpose of a run, and log.txt and stats.jsonl also hold them. Therefore the loss of a terminal or log
    // file is noted there once, and the run continues.
    private void Notify(Action listener)
    {
        try
        {
            listener();
        }
        catch (Exception error) when (FileFailure.IsFileError(error) || error is ObjectDisposedException)
        {
            if (!_isUnheard)
                _log?.Write($"messages can no longer be written ({error.Message}); the run goes on");
            _isUnheard = true;
        }
    }

    private void ShowImage(long step)
    {
        try
        {
            if (_log is { } log && _task.Preview(_average.Parameters) is { } image)
                log.WriteImage(step, image);
        }
        catch (NvgDataException error)
        {
            // Between two reports of the loss, an image may be the first to show that the weights are no longer finite.
            throw new TrainingDivergedException($"step {step}: no image can be drawn: {error.Message}", error);
        }
    }
}
