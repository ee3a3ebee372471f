using System.Diagnostics;
using Nvg.Torch;
using Nvg.Torch.Optim;

namespace Nvg.Training;

/// <summary>
/// The training loop of every task: batches in order, loss, gradients, AdamW, running average, logs, checkpoints. A run
/// folder holds <c>options.json</c>, <c>log.txt</c>, <c>stats.jsonl</c>, <c>checkpoints/</c> and the resulting <c>model/</c>.
/// </summary>
public sealed class Trainer : IDisposable
{
    private readonly ITrainingTask _task;
    private readonly TrainingOptions _options;
    private readonly Device _device;
    private readonly string _folder;
    private readonly GroupedOptimizer _optimizer;
    private readonly WeightAverage _average;
    private readonly RunLog _log;
    private long? _savedStep;

    /// <param name="task">What is trained; borrowed.</param>
    /// <param name="options">Steps, batch, optimizer.</param>
    /// <param name="device">Where.</param>
    /// <param name="folder">Run folder.</param>
    public Trainer(ITrainingTask task, TrainingOptions options, Device device, string folder)
    {
        (_task, _options, _device, _folder) = (task, options, device, folder);
        _optimizer = new GroupedOptimizer(task, options);
        _average = new WeightAverage(task.Parameters, options.EmaDecay, task.IsAveraged);
        _log = new RunLog(folder);
    }

    /// <summary>Folder of the resulting model.</summary>
    public string ModelFolder => Path.Combine(_folder, "model");

    /// <summary>Called before the first step, once the newest checkpoint is found to belong to the settings.</summary>
    public Action? Accepted { get; init; }

    private string CheckpointFolder => Path.Combine(_folder, "checkpoints");

    /// <summary>Trains from the newest checkpoint, or from the start, to the last step, and writes the model.</summary>
    /// <param name="progress">Told at every log line.</param>
    /// <param name="cancellation">Ends the run after the current step with a checkpoint.</param>
    /// <exception cref="OperationCanceledException">The run was ended; it continues from here.</exception>
    /// <exception cref="NvgDataException">A checkpoint belongs to other settings.</exception>
    /// <exception cref="TrainingDivergedException">A term of the loss is no longer finite; the last good checkpoint stays.</exception>
    public void Run(IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        _savedStep = TrainingCheckpoint.Restore(CheckpointFolder, _task.Fingerprint, _task.Parameters, _average, _optimizer, _log.Warn);
        Accepted?.Invoke();
        long step = _savedStep ?? 0;
        _log.ContinueFrom(step);
        _log.Write(step == 0 ? "training starts" : $"training continues after step {step}");
        var order = new DataOrder(_task.ExampleCount, _options.BatchSize, _options.Seed);
        using var terms = new LossLog();
        var clock = Stopwatch.StartNew();
        long loggedStep = step;
        while (step < _options.Steps)
        {
            try
            {
                if (cancellation.IsCancellationRequested)
                {
                    ReadTerms(terms, step, ref loggedStep, clock, progress);
                    SaveCheckpoint(step);
                    _log.Write($"stopped after step {step}");
                    cancellation.ThrowIfCancellationRequested();
                }

                if (step + 1 < _options.Steps)
                    _task.Announce(step + 1, order.Batch(step + 1));
                TakeStep(step, order.Batch(step), terms);
                step++;
                if (step % _options.LogEvery == 0 || step == _options.Steps || step % _options.CheckpointEvery == 0)
                    ReadTerms(terms, step, ref loggedStep, clock, progress);
                if (step % _options.CheckpointEvery == 0 && step < _options.Steps)
                    SaveCheckpoint(step);
            }
            catch (TrainingDivergedException error)
            {
                _log.Write(error.Message);
                throw;
            }
        }

        SaveCheckpoint(step);
        _task.Export(ModelFolder, _average.Parameters);
        _log.Write($"training done after {step} steps, model in {ModelFolder}");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _optimizer.Dispose();
        _average.Dispose();
        _log.Dispose();
    }

    private void TakeStep(long step, int[] examples, LossLog terms)
    {
        using var scope = new TensorScope();
        using var random = new Generator(DataOrder.Mix(_options.Seed, step, purpose: 1), _device);
        // Gradients add up over the parts of a batch that are computed one after the other.
        foreach (int[] part in examples.Chunk(_options.MicroBatchSize ?? examples.Length))
        {
            using var partScope = new TensorScope();
            Tensor loss;
            using (Autograd.Autocast(_device, _options.Precision))
                loss = _task.Loss(step, part, random, terms);
            terms.Add("loss", loss);
            (loss * ((double)part.Length / examples.Length)).Backward();
        }

        _optimizer.ClipGradients(terms);
        _optimizer.Step(_options.LearningRateAt(step));
        _average.Update(step + 1);
    }

    private void ReadTerms(LossLog terms, long step, ref long loggedStep, Stopwatch clock, IProgress<TrainingProgress>? progress)
    {
        IReadOnlyList<KeyValuePair<string, double>> means = terms.TakeMeans();
        if (means.Count == 0)
            return;
        double rate = (step - loggedStep) * _options.BatchSize / clock.Elapsed.TotalSeconds;
        loggedStep = step;
        clock.Restart();
        var report = new TrainingProgress(step, _options.Steps, (double)step * _options.BatchSize / _task.ExampleCount, _options.LearningRateAt(step - 1), rate, means);
        _log.WriteStatistics(report);
        progress?.Report(report);
        if (means.FirstOrDefault(m => !double.IsFinite(m.Value)) is { Key: { } term })
            throw TrainingDivergedException.At(term, step);
    }

    private void SaveCheckpoint(long step)
    {
        if (step == _savedStep)
            return;
        TrainingCheckpoint.Save(CheckpointFolder, step, _task.Fingerprint, _task.Parameters, _average, _optimizer, _options.KeepCheckpoints);
        _savedStep = step;
    }
}
