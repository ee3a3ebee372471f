using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Nvg.Conditioning;
using Nvg.Configuration;
using Nvg.Evaluation.Classes;
using Nvg.Evaluation.Distributions;
using Nvg.Evaluation.Features;
using Nvg.Evaluation.Metrics;
using Nvg.Evaluation.Statistics;
using Nvg.Imaging;
using Nvg.Imaging.Npz;
using Nvg.Labels;
using Nvg.Sampling;
using Nvg.Torch;
using Nvg.Torch.Files;

namespace Nvg.Evaluation.Studies;

/// <summary>
/// Draws images of the same seeds with several settings and measures them. Images and metrics of every point are written to the
/// folder and are not computed again, so an interrupted study can be continued.
/// </summary>
public sealed class SamplingStudy : IDisposable
{
    private const int ReferenceRows = 10_000;

    private readonly NvgModel _model;
    private readonly ClassifierFeatures _network;
    private readonly StudySettings _settings;
    private readonly ReferenceImages? _given;
    private readonly string _referenceIdentity;
    private readonly string _identity;
    private ExtractedFeatures? _reference;
    private bool _isWarm;

    /// <param name="model">A model with a generator; borrowed.</param>
    /// <param name="network">
    /// The classifier for accuracy and features; borrowed. It must have the model's classes in the model's order.
    /// </param>
    /// <param name="settings">The settings that all points share.</param>
    /// <exception cref="NvgDataException">Model, classifier and settings do not match.</exception>
    public SamplingStudy(NvgModel model, ClassifierFeatures network, StudySettings settings)
    {
        model.RequireGenerator();
        if (!ClassMatch.Agree(model.Labels, network.Labels))
            throw new NvgDataException($"{network.Name} has other classes than {model.Folder}: use a classifier trained on the same data");
        (_model, _network, _settings) = (model, network, settings);
        _given = settings.Given is { } path ? new ReferenceImages(path, model.Labels, settings.PerClass) : null;
        _referenceIdentity = ReferenceIdentity.Of(settings.Reference);
        RequireEnough(model.Folder, model.Labels.Count * settings.PerClass, "draw more images per class");
        if (SampleReference.Open(settings.Reference).Images is { } images)
            RequireEnough(settings.Reference, images.Count, "use a larger reference");
        // Device, precision and threads determine the time per image, and the last digits of the results.
        string types = string.Join(',', model.Generator.Parameters.Values.Select(t => t.ScalarType).Distinct().Order());
        string machine = $"{model.Device} {types}{(model.IsInt8 ? " in int8" : "")} {TorchRuntime.ThreadCount}";
        _identity = $"{model.Fingerprint()} {network.Fingerprint} {_referenceIdentity} {_given?.Fingerprint} "
            + $"{settings.PerClass} {settings.Seed} {settings.Batch} {machine}";
        Directory.CreateDirectory(PointFolder);
    }

    private string PointFolder => Path.Combine(_settings.Folder, "points");

    /// <summary>Throws if a point cannot be drawn. Call this before anything is computed.</summary>
    /// <exception cref="NvgDataException">
    /// A setting is unknown or invalid, or the point needs reference images and there are none.
    /// </exception>
    public void Check(StudyPoint point)
    {
        int stages = _model.GeneratorConfig.Grid.StageCount;
        SamplingOptions options = point.Apply(_model.Config.Sampling);
        if (options.Validate(_model.GeneratorConfig).FirstOrDefault() is { } problem)
            throw new NvgDataException($"{point.Name}: {problem}");
        if (point.Kept is { } kept && (_given is null || kept.Stages > stages))
            throw new NvgDataException(
                $"{point.Name}: {(_given is null ? "needs reference images (--given)" : $"the model has {stages} stages")}");
    }

    /// <summary>The metrics of a point, read from the folder or computed.</summary>
    /// <param name="point">The settings to change.</param>
    /// <param name="progress">Receives a description of the current work, or null.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    public StudyResult Run(StudyPoint point, IProgress<string>? progress = null, CancellationToken cancellation = default)
    {
        Check(point);
        string key = Hash($"{_identity} {NvgJson.Write(point.Apply(_model.Config.Sampling))} {point.Kept}");
        string file = Path.Combine(PointFolder, FileName(point) + ".json");
        if (Stored(file, point) is { } stored && stored.Key == key)
            return stored with { Name = point.Name };
        _reference ??= ReferenceFeatures(progress, cancellation);
        // The metrics are deleted before their images are replaced, so that the folder is always consistent.
        File.Delete(file);
        WarmUp(cancellation);
        double seconds = Generate(point, progress, cancellation);
        StudyResult result = Measure(point, key, seconds, cancellation);
        AtomicFile.Write(file, Encoding.UTF8.GetBytes(NvgJson.Write(result)));
        return result;
    }

    /// <summary>The first image of every class, read from a point that was computed.</summary>
    public IReadOnlyList<RgbImage> FirstOfEachClass(StudyPoint point)
    {
        using NpzFile file = NpzFile.Open(ImageFileOf(point));
        return [.. file.Images().Where((_, i) => i % _settings.PerClass == 0)];
    }

    /// <inheritdoc/>
    public void Dispose() => _reference?.Dispose();

    // An unreadable result is computed again.
    private StudyResult? Stored(string file, StudyPoint point)
    {
        try
        {
            return File.Exists(file) && File.Exists(ImageFileOf(point)) ? NvgJson.Read<StudyResult>(file) : null;
        }
        catch (NvgDataException)
        {
            return null;
        }
    }

    // The first image of a process takes longer, and the first point is the baseline of all other points.
    private void WarmUp(CancellationToken cancellation)
    {
        if (_isWarm)
            return;
        _model.GenerateAndDiscard([new ImageRequest(0, _settings.Seed)], cancellation: cancellation);
        _isWarm = true;
    }

    // Checked before a point is drawn.
    private static void RequireEnough(string where, long count, string remedy)
    {
        if (count < ManifoldOverlap.MinimumVectors)
            throw NvgDataException.At(where,
                $"{count} images are too few: precision and recall need at least {ManifoldOverlap.MinimumVectors}", remedy);
    }

    private double Generate(StudyPoint point, IProgress<string>? progress, CancellationToken cancellation)
    {
        (int Class, int Number)[] all =
            [.. Enumerable.Range(0, _model.Labels.Count).SelectMany(c => Enumerable.Range(0, _settings.PerClass).Select(k => (c, k)))];
        SamplingOptions options = point.Apply(_model.Config.Sampling);
        int side = _model.Config.Tokenizer.ImageSize, done = 0;
        using var writer = new NpzImageWriter(ImageFileOf(point), all.Length, side, side);
        var clock = new Stopwatch();
        foreach ((int Class, int Number)[] batch in all.Chunk(_settings.Batch))
        {
            using var scope = new TensorScope();
            PartialSequence[]? given = point.Kept is { } kept ? _given!.Stages(_model.Tokenizer, batch, kept) : null;
            ImageRequest[] requests = [.. batch.Select((b, i) =>
                new ImageRequest(b.Class, unchecked(_settings.Seed + (ulong)b.Number)) { Given = given?[i] })];
            clock.Start();
            using SampledBatch sampled = _model.Sample(requests, options, cancellation: cancellation);
            RgbImage[] images = ImageTensor.ToImages(_model.Tokenizer.Decode(sampled.Canvas_BLC));
            clock.Stop();
            foreach (RgbImage image in images)
                writer.Append(image);
            progress?.Report($"{point.Name}: {done += batch.Length} of {all.Length} images");
        }

        writer.Complete();
        return clock.Elapsed.TotalSeconds / all.Length;
    }

    private StudyResult Measure(StudyPoint point, string key, double seconds, CancellationToken cancellation)
    {
        using var scope = new TensorScope();
        var accuracy = new ClassAccuracy(_network.ClassCount);
        var rows = new List<Tensor>();
        using NpzFile file = NpzFile.Open(ImageFileOf(point));
        foreach ((int Index, RgbImage Image)[] batch in file.Images().Index().Chunk(250))
        {
            cancellation.ThrowIfCancellationRequested();
            using Tensor images_NHWC = ImageTensor.ToBytes(Array.ConvertAll(batch, b => b.Image));
            using ImageFeatures features = _network.Extract(images_NHWC);
            accuracy.Add(features.Logits_NC!, Array.ConvertAll(batch, b => b.Index / _settings.PerClass));
            rows.Add(features.Pooled_NF.To(Device.Cpu).Alias());
        }

        Tensor rows_NF = Tensor.Cat([.. rows], 0);
        using GaussianStatistics statistics = GaussianStatistics.Of(rows_NF);
        ManifoldOverlap overlap = ManifoldOverlap.Of(_reference!.Rows_MF!, rows_NF, cancellation);
        return new StudyResult
        {
            Key = key,
            Name = point.Name,
            Changes = point.Changes.ToDictionary(),
            Count = (int)accuracy.Count,
            ClassAccuracy = accuracy.Accuracy,
            ClassConfidence = accuracy.MeanConfidence,
            FrechetDistance = FrechetDistance.Between(_reference.Pooled!, statistics, cancellation).Value,
            Precision = overlap.Precision,
            Recall = overlap.Recall,
            SecondsPerImage = seconds,
        };
    }

    // Statistics of a large data set take longer than a point, so they are stored next to the points.
    private ExtractedFeatures ReferenceFeatures(IProgress<string>? progress, CancellationToken cancellation)
    {
        string kept = Path.Combine(_settings.Folder, $"reference-{Hash($"{_referenceIdentity} {_network.Fingerprint}")[..12]}.npz");
        var reference = SampleReference.Open(File.Exists(kept) ? kept : _settings.Reference);
        ExtractedFeatures features = reference.Features(
            _network, new FeatureNeeds(Pooled: true, Rows: ReferenceRows), batch: 250,
            progress is null ? null : new SynchronousProgress<long>(done => progress.Report($"reference: {done} images")), cancellation);
        if (reference.Images is { } images && !StatisticsFile.IsAt(reference.Path))
            StatisticsFile.Write(kept, features, _network, images);
        return features;
    }

    private string ImageFileOf(StudyPoint point) => Path.Combine(PointFolder, FileName(point) + ".npz");

    // Readable, valid on every file system, and unique for each point.
    private static string FileName(StudyPoint point)
    {
        string changes = string.Join('_', point.Changes.Select(c => $"{c.Key}={c.Value}"));
        string safe =
            string.Concat(changes.Select(c => char.IsAsciiLetterOrDigit(c) || "-_=.".Contains(c, StringComparison.Ordinal) ? c : '_'));
        return changes.Length == 0 ? "base" : $"{safe[..Math.Min(safe.Length, 80)]}-{Hash(changes)[..6]}";
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
