using System.Diagnostics;
using System.Globalization;
using Nvg.Cli.Terminal;
using Nvg.Data.Datasets;
using Nvg.Data.Loading;
using Nvg.Evaluation.Classes;
using Nvg.Evaluation.Distributions;
using Nvg.Evaluation.Features;
using Nvg.Evaluation.Metrics;
using Nvg.Evaluation.Neighbours;
using Nvg.Evaluation.TokenizerQuality;
using Nvg.Imaging;
using Nvg.Previews;
using Nvg.Torch;
using Nvg.Training.Planning;
using Nvg.Training.Planning.Execution;

namespace Nvg.Cli.Planning;

/// <summary>Measures the model of a finished plan, and writes sample images.</summary>
internal sealed class ModelMeasurement
{
    internal const string SamplesSheet = "samples.png", ReconstructionsSheet = "reconstructions.png", NeighboursSheet = "neighbours.png";

    private const int SheetColumns = 8, SheetClasses = 8, SheetOfOneClass = 48, ShownReconstructions = 8;
    private const int MostReconstructed = 200, LeastSamples = 48, MostSamples = 1000, SampleBatch = 16;
    private const int LeastHeldOut = 2;

    // Share of the measuring time that may be spent on drawing samples.
    private const double SamplingShare = 0.4;

    // Images on which a feature network is timed before it is used.
    private const int TimedImages = 8;

    private readonly TrainingPlan _plan;
    private readonly string _folder;
    private readonly string _target;
    private readonly Device _device;
    private readonly ConsoleProgress _progress;
    private readonly CancellationToken _cancellation;
    private readonly Stopwatch _clock;

    private ModelMeasurement(
        TrainingPlan plan, PlanFolder folder, Device device, Stopwatch clock, ConsoleProgress progress, CancellationToken cancellation)
    {
        (_plan, _folder, _target, _device) = (plan, folder.Path, folder.Model, device);
        (_clock, _progress, _cancellation) = (clock, progress, cancellation);
        (Training, HeldOut) = (folder.TrainingData, folder.HeldOutData);
    }

    private string Training { get; }

    private string HeldOut { get; }

    private double SecondsLeft => Math.Max(0, _plan.Stage(StageNames.Measurement).Seconds - _clock.Elapsed.TotalSeconds);

    private bool HasHeldOut => _plan.HeldOut >= LeastHeldOut && Directory.Exists(HeldOut);

    /// <summary>Measures a model.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="folder">Folder of the plan.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="clock">The time that measuring has taken so far.</param>
    /// <param name="progress">Shows progress.</param>
    /// <param name="cancellation">Ends the work.</param>
    internal static async Task<ModelFigures> RunAsync(
        TrainingPlan plan, PlanFolder folder, Device device, Stopwatch clock, ConsoleProgress progress, CancellationToken cancellation)
    {
        var measurement = new ModelMeasurement(plan, folder, device, clock, progress, cancellation);
        return await measurement.RunAsync();
    }

    private async Task<ModelFigures> RunAsync()
    {
        using NvgModel model = await NvgModel.LoadAsync(_target, new NvgModelOptions { Device = _device, Threads = null }, _cancellation);
        TokenizerReport reconstruction = Reconstruct(model);
        WriteReconstructions(model);
        var clock = Stopwatch.StartNew();
        IReadOnlyList<GeneratedImage> sheet = await DrawAsync(model, SheetRequests(model));
        WriteSamples(sheet);
        double secondsPerImage = clock.Elapsed.TotalSeconds / sheet.Count;
        int count = (int)Math.Clamp(SecondsLeft * SamplingShare / secondsPerImage, LeastSamples, MostSamples);
        IReadOnlyList<GeneratedImage> samples = await DrawAsync(model, SampleRequests(model, count));
        using IFeatureNetwork? network = OpenNetwork(samples);
        (IReadOnlyList<(string, double)> distances, MemorisationCheck? copies) =
            network is null ? ([], null) : (Distances(network, samples), Copies(network, samples));
        (double? generated, double? real) = Accuracy(samples);
        return new ModelFigures
        {
            Reconstruction = reconstruction.Quality,
            Reconstructed = reconstruction.Count,
            IsHeldOut = HasHeldOut,
            CodebookUsage = reconstruction.CodebookUsage,
            Samples = samples.Count,
            SecondsPerImage = secondsPerImage,
            ClassAccuracy = generated,
            RealClassAccuracy = real,
            Distances = distances,
            Network = network?.Name,
            Copies = copies,
        };
    }

    private TokenizerReport Reconstruct(NvgModel model)
    {
        _progress.Report("reconstructions", null);
        string data = HasHeldOut ? HeldOut : Training;
        int all =
            ImageSet.Open(data).Count is var count ? (int)Math.Min(count, int.MaxValue) : 0, chosen = Math.Min(all, MostReconstructed);
        IEnumerable<SquareEntry> images =
            SquareSource.Entries([data], _plan.Size).Where((_, index) => EvenSample.Contains(index, chosen, all));
        var options = new TokenizerEvaluationOptions { Batch = SampleBatch, Stages = false };
        return TokenizerEvaluation.Run(model.Tokenizer, images, chosen, options, cancellation: _cancellation);
    }

    private void WriteReconstructions(NvgModel model)
    {
        RgbImage[] originals = [.. ImageSet.Open(HasHeldOut ? HeldOut : Training).Images(ShownReconstructions)];
        ImageFile.Write(Path.Combine(_target, ReconstructionsSheet), Reconstruction.Sheet(model.Tokenizer, originals));
    }

    private void WriteSamples(IReadOnlyList<GeneratedImage> images)
    {
        RgbImage[] samples = [.. images.Select(image => image.Image)];
        int enlargement = ImageGrid.ComfortableEnlargement(samples[0], samples.Length);
        ImageFile.Write(Path.Combine(_target, SamplesSheet), ImageGrid.Compose(samples, SheetColumns, enlargement: enlargement));
    }

    // One row per class; an evenly spread selection if there are many classes.
    private static IReadOnlyList<ImageRequest> SheetRequests(NvgModel model)
    {
        int classes = model.Labels.Count;
        if (classes == 1)
            return GenerationRequest.OfClasses([0], SheetOfOneClass, 0);
        int shown = Math.Min(classes, SheetClasses);
        return GenerationRequest.OfClasses([.. Enumerable.Range(0, shown).Select(i => i * classes / shown)], SheetColumns, 0);
    }

    // Uses other seeds than the sheet, and all classes in turn.
    private static IReadOnlyList<ImageRequest> SampleRequests(NvgModel model, int count) =>
        [.. Enumerable.Range(0, count).Select(i => new ImageRequest(i % model.Labels.Count, (ulong)(1000 + i)))];

    private Task<IReadOnlyList<GeneratedImage>> DrawAsync(NvgModel model, IReadOnlyList<ImageRequest> images) => model.GenerateAsync(
        new GenerationRequest { Images = images, BatchSize = SampleBatch },
        new SynchronousProgress<GenerationProgress>(_ => _progress.Report($"{images.Count} samples", null)), _cancellation);

    // ResNet-18 if there is time for it, otherwise the run's own classifier, which is much smaller.
    private IFeatureNetwork? OpenNetwork(IReadOnlyList<GeneratedImage> samples)
    {
        if (_plan.Machine.HasPerceptualNetwork)
        {
            var network = ResNet18Features.Load(null, _device);
            if (FitsIn(SecondsLeft, network, samples))
                return network;
            network.Dispose();
            ConsoleText.Note("there is no time to measure with the features of ResNet-18"
                + (_plan.Classifier is null ? "" : ": the run's classifier measures instead"));
        }

        return _plan.Classifier is null ? null : ClassifierFeatures.Load(
            PlanExecution.ModelFolder(_folder, StageNames.Classifier), _device);
    }

    // The training images are read for the distances and again for the neighbours.
    private bool FitsIn(double seconds, IFeatureNetwork network, IReadOnlyList<GeneratedImage> samples)
    {
        RgbImage[] few = [.. samples.Take(TimedImages).Select(sample => sample.Image)];
        double images = 2.0 * (_plan.Data.Images + samples.Count);
        double once = Time(network, few[..1]), perImage = Time(network, few) / few.Length;
        return once + perImage * images <= seconds;
    }

    private static double Time(IFeatureNetwork network, RgbImage[] images)
    {
        var clock = Stopwatch.StartNew();
        using Tensor images_NHWC = ImageTensor.ToBytes(images);
        using ImageFeatures features = network.Extract(images_NHWC);
        return clock.Elapsed.TotalSeconds;
    }

    private List<(string, double)> Distances(IFeatureNetwork network, IReadOnlyList<GeneratedImage> samples)
    {
        string folder = Path.Combine(_folder, "samples");
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        foreach ((int index, GeneratedImage image) in samples.Index())
            image.Save(Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{index:D4}-class-{image.Class:D4}.png")));
        var options = new SampleEvaluationOptions { Metrics = SampleMetric.Parse("fid,pr") };
        SampleReport report = SampleEvaluation.Run(
            network, ImageSet.Open(folder), SampleReference.Open(Training), options,
            new SynchronousProgress<SampleProgress>(p => _progress.Report(p.State, p.Share)), _cancellation);
        return [.. report.Metrics.Select(metric => (metric.Name, metric.Value))];
    }

    private MemorisationCheck? Copies(IFeatureNetwork network, IReadOnlyList<GeneratedImage> samples)
    {
        if (!HasHeldOut)
            return null;
        var study = NeighbourStudy.Run(
            network, [.. samples.Select(sample => sample.Image)], [.. ImageSet.Open(HeldOut).Images()],
            () => ImageSet.Open(Training).Images(),
            new SynchronousProgress<long>(done => _progress.Report($"{done:N0} neighbours", null)), _cancellation);
        ImageFile.Write(Path.Combine(_target, NeighboursSheet), study.Sheet(_cancellation));
        return study.InFeatures;
    }

    private (double? Generated, double? Real) Accuracy(IReadOnlyList<GeneratedImage> samples)
    {
        if (_plan.Classifier is null)
            return (null, null);
        using var classifier = ClassifierFeatures.Load(PlanExecution.ModelFolder(_folder, StageNames.Classifier), _device);
        LabelledImage[] generated = [.. samples.Select((sample, i) => new LabelledImage($"{i}", sample.Image, sample.Class))];
        double accuracy = ClassEvaluation.Run(classifier, generated, cancellation: _cancellation).Accuracy;
        double? real = HasHeldOut
            ? ClassEvaluation.Run(classifier, LabelledImages.Read(HeldOut, classifier.Labels), cancellation: _cancellation).Accuracy
            : null;
        return (accuracy, real);
    }
}
