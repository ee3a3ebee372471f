using System.Diagnostics;
using Nvg.Data.Datasets;
using Nvg.Data.Packing;
using Nvg.Data.Sources;
using Nvg.Torch;
using Nvg.Training.Loop;
using Nvg.Training.Optimization;
using Nvg.Training.Planning.Facts;
using Nvg.Training.Tasks.Classifiers;
using Nvg.Training.Tasks.Generators;
using Nvg.Training.Tasks.Tokenizers;

namespace Nvg.Training.Planning.Execution;

/// <summary>Measures the rates of a plan by training its networks for a few steps on random images.</summary>
public sealed class RateMeasurement : IDisposable
{
    private const int LeastImages = 64, MostClasses = 64, PreviewImages = 16;
    private const long LeastSteps = 2;

    private readonly TrainingPlan _plan;
    private readonly Device _device;
    private readonly double _seconds;
    private readonly CancellationToken _cancellation;
    private readonly string _folder = Directory.CreateTempSubdirectory("nvg-rates-").FullName;

    private RateMeasurement(TrainingPlan plan, Device device, CancellationToken cancellation)
    {
        (_plan, _device, _cancellation) = (plan, device, cancellation);
        // Half of the time for two networks, the other half for starting, encoding and sampling.
        _seconds = TimeBudget.Rates(plan.Request.Seconds) / 4;
    }

    /// <summary>Measures the rates.</summary>
    /// <param name="plan">The plan; its rates are estimates.</param>
    /// <param name="device">Where to train.</param>
    /// <param name="cancellation">Ends the measurement.</param>
    public static StageRates Run(TrainingPlan plan, Device device, CancellationToken cancellation = default)
    {
        using var measurement = new RateMeasurement(plan, device, cancellation);
        return measurement.Run();
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private StageRates Run()
    {
        using PackedDataset data = RandomImages();
        string tokenizer = Path.Combine(_folder, "model");
        double tokenizing;
        using (var task = new TokenizerTraining(_plan.Tokenizer, data, _device))
        {
            tokenizing = Rate(task, _plan.Tokenizer.Training, "tokenizer");
            task.Export(tokenizer, task.Parameters.ToDictionary());
        }

        double classifying = _plan.Classifier is { } classifier ? Classifier(classifier with { HeldOut = 0 }, data) : 0;
        GeneratorRunConfig generator = _plan.Generator with { Tokenizer = tokenizer };
        var clock = Stopwatch.StartNew();
        using var generators = new GeneratorTraining(
            generator, data, _device, Path.Combine(_folder, "generator"), cancellation: _cancellation);
        int variants = generator.Training.Orientations ?? (generator.Training.Flip ? 2 : 1);
        double encoding = data.Count * variants / clock.Elapsed.TotalSeconds;
        double generating = Rate(generators, generator.Training, "generator");
        clock.Restart();
        generators.Preview(generators.Parameters.ToDictionary());
        return new StageRates
        {
            Tokenizer = tokenizing,
            Classifier = classifying,
            Generator = generating,
            Encoding = encoding,
            Sampling = PreviewImages / clock.Elapsed.TotalSeconds,
            IsMeasured = true,
        };
    }

    private double Classifier(ClassifierRunConfig config, PackedDataset data)
    {
        using var task = new ClassifierTraining(
            config with { Classifier = config.Classifier with { ClassCount = data.Classes.Count } }, data, _device);
        return Rate(task, config.Training, "classifier");
    }

    // Images per second, not counting the first step, which allocates memory and chooses kernels.
    private double Rate(ITrainingTask task, TrainingOptions options, string name)
    {
        TrainingOptions measured =
            options with { LogEvery = 1, ImageEvery = 0, CheckpointEvery = long.MaxValue, Steps = Math.Max(options.Steps, LeastSteps + 2) };
        using var trainer = new Trainer(task, measured, _device, Path.Combine(_folder, name));
        Stopwatch? clock = null;
        double seconds = 0;
        long steps = -1;
        var listener = new SynchronousProgress<TrainingProgress>(_ =>
        {
            _cancellation.ThrowIfCancellationRequested();
            clock ??= Stopwatch.StartNew();
            (steps, seconds) = (steps + 1, clock.Elapsed.TotalSeconds);
            if (steps >= LeastSteps && seconds >= _seconds)
                throw new EnoughException();
        });
        try
        {
            trainer.Run(listener);
        }
        catch (EnoughException)
        {
            // Ends the run without a checkpoint, which would be large for large networks.
        }

        return steps * options.BatchSize / seconds;
    }

    private PackedDataset RandomImages()
    {
        int side = _plan.Size, classes = Math.Min(MostClasses, _plan.Classifier?.Classifier.ClassCount ?? 1);
        int count = Math.Max(LeastImages, Math.Max(_plan.Tokenizer.Training.BatchSize, _plan.Classifier?.Training.BatchSize ?? 0));
        string source = Path.Combine(_folder, "source"), folder = Path.Combine(_folder, "data");
        Directory.CreateDirectory(source);
        var random = new Random(1);
        using var writer = new DatasetWriter(folder, keepFiles: false);
        for (int i = 0; i < count; i++)
        {
            byte[] pixels = new byte[side * side * 3];
            random.NextBytes(pixels);
            writer.Add(pixels, $"{i % classes}");
        }

        writer.Complete(ImageSource.Open(source), new PreparationOptions { Size = side });
        return PackedDataset.Open(folder);
    }

    /// <summary>Thrown when enough steps were measured.</summary>
    private sealed class EnoughException : Exception;
}
