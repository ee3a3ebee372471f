using System.Diagnostics;
using Nvg.Data.Loading;
using Nvg.Evaluation.Features;
using Nvg.Evaluation.Metrics;

namespace Nvg.Evaluation.Distributions;

/// <summary>Measures generated images against a reference, by the protocol of the field's reference evaluator where the network is its own.</summary>
public static class SampleEvaluation
{
    // The field compares 50,000 images with 10,000: with far fewer, balls reach further and figures move with the numbers.
    private const long FewestForPrecision = 5000;

    /// <summary>Computes figures.</summary>
    /// <param name="network">Borrowed.</param>
    /// <param name="samples">The images that are measured.</param>
    /// <param name="reference">What they are measured against.</param>
    /// <param name="options">Which figures, and how.</param>
    /// <param name="progress">Hears what is being done.</param>
    /// <param name="cancellation">Checked between batches and tiles.</param>
    /// <exception cref="NvgDataException">Images or statistics are unusable, too few, or do not belong together.</exception>
    public static SampleReport Run(
        IFeatureNetwork network, ImageSet samples, SampleReference reference, SampleEvaluationOptions options, IProgress<SampleProgress>? progress = null, CancellationToken cancellation = default)
    {
        long start = Stopwatch.GetTimestamp();
        SampleMetrics metrics = options.Metrics is SampleMetrics.All ? Possible(network) : options.Metrics;
        long count = Math.Min(options.Limit ?? samples.Count, samples.Count);
        FeatureNeeds needs = FeatureNeeds.OfSamples(metrics) with { ShuffledSplits = samples.LiesByClass };
        needs.Require(network);
        // Before anything is computed; and stored statistics, which may be another network's, never get this one's fingerprint.
        ImageSet? saved = options.SaveReference is null ? null : !reference.HasStatistics ? reference.Images : throw NvgDataException.At(
            reference.Path, "holds statistics already, which are not saved again", "leave out --save-reference, or give images alone as the reference");
        RequireEnough(samples.Path, count, FewestOf(metrics & ~SampleMetrics.ClassScore));
        RequireEnough(reference, metrics, options);
        FeatureNeeds ofReference = FeatureNeeds.OfReference(metrics, options.ReferenceRows);
        using ExtractedFeatures referenceFeatures = reference.Features(
            network, ofReference with { Pooled = ofReference.Pooled || options.SaveReference is not null }, options.Batch, Report("reference", reference.Images?.Count ?? 1), cancellation);
        if (referenceFeatures.Rows_MF is { } rows)
            RequireEnough(reference.Path, rows.Size(0), FewestOf(metrics & (SampleMetrics.PrecisionRecall | SampleMetrics.KernelDistance)));
        if (options.SaveReference is { } file)
            StatisticsFile.Write(file, referenceFeatures, network, saved!);

        long extraction = Stopwatch.GetTimestamp();
        using ExtractedFeatures features = FeatureExtraction.Run(network, samples.Images(count), count, needs, options.Batch, Report("samples", count), cancellation);
        double perSecond = count / Stopwatch.GetElapsedTime(extraction).TotalSeconds;
        progress?.Report(new SampleProgress("distances", null));
        List<MetricValue> values = [.. Measure(network, features, referenceFeatures, metrics, options, cancellation)];
        return new SampleReport
        {
            Samples = samples.Path,
            Count = count,
            Width = samples.Width,
            Height = samples.Height,
            Reference = reference.Path,
            ReferenceDescription = reference.Description,
            ReferenceCount = referenceFeatures.Count,
            Network = network.Name,
            Fingerprint = network.Fingerprint,
            Preprocessing = network.Preprocessing,
            Metrics = values,
            Notes = [.. Notes(network, samples, count, reference, referenceFeatures, metrics)],
            ImagesPerSecond = perSecond,
            Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds,
        };

        IProgress<long>? Report(string what, long of) => progress is null ? null : new SynchronousProgress<long>(done => progress.Report(new SampleProgress($"{what}: {done} of {of}", (double)done / of)));
    }

    // Known before hours of computing.
    private static void RequireEnough(SampleReference reference, SampleMetrics metrics, SampleEvaluationOptions options)
    {
        if (reference.Images is not { } images)
            return;
        SampleMetrics ofAll = reference.HasStatistics ? SampleMetrics.None : metrics & (SampleMetrics.FrechetDistance | SampleMetrics.SpatialFrechetDistance);
        RequireEnough(reference.Path, images.Count, options.SaveReference is null ? FewestOf(ofAll) : FewestOf(SampleMetrics.FrechetDistance));
        // Where rows are stored too, it is those that count, and they are looked at when they are read.
        if (!reference.HasStatistics)
            RequireEnough(reference.Path, Math.Min(images.Count, options.ReferenceRows), FewestOf(metrics & (SampleMetrics.PrecisionRecall | SampleMetrics.KernelDistance)));
    }

    private static void RequireEnough(string path, long count, int fewest)
    {
        if (count < fewest)
            throw NvgDataException.At(path, $"{count} images are too few: the figures take {fewest} at least", "give more, or leave figures out with --metrics");
    }

    private static int FewestOf(SampleMetrics metrics) =>
        metrics.HasFlag(SampleMetrics.PrecisionRecall) ? ManifoldOverlap.FewestVectors : metrics == SampleMetrics.None ? 0 : 2;

    private static SampleMetrics Possible(IFeatureNetwork network) => SampleMetrics.All
        & (network.SpatialFeatureSize > 0 ? SampleMetrics.All : ~SampleMetrics.SpatialFrechetDistance)
        & (network.ClassCount > 0 ? SampleMetrics.All : ~SampleMetrics.ClassScore);

    private static IEnumerable<MetricValue> Measure(
        IFeatureNetwork network, ExtractedFeatures samples, ExtractedFeatures reference, SampleMetrics metrics, SampleEvaluationOptions options, CancellationToken cancellation)
    {
        long count = samples.Count!.Value;
        if (metrics.HasFlag(SampleMetrics.FrechetDistance))
        {
            yield return new MetricValue(
                "frechetDistance", MetricNames.FrechetDistance(network, count, reference.Pooled!.Count), FrechetDistance.Between(reference.Pooled, samples.Pooled!, cancellation).Value, null, true);
        }

        if (metrics.HasFlag(SampleMetrics.SpatialFrechetDistance))
        {
            yield return new MetricValue(
                "spatialFrechetDistance", MetricNames.SpatialFrechetDistance(network, count, reference.Spatial!.Count), FrechetDistance.Between(reference.Spatial, samples.Spatial!, cancellation).Value, null, true);
        }

        if (samples.Score is { } score)
            yield return new MetricValue("classScore", MetricNames.InceptionScore(network, count), score.Mean, score.Splits > 1 ? score.StandardDeviation : null, false);
        if (metrics.HasFlag(SampleMetrics.PrecisionRecall))
        {
            ManifoldOverlap overlap = ManifoldOverlap.Of(reference.Rows_MF!, samples.Rows_MF!, cancellation);
            yield return new MetricValue("precision", MetricNames.OfManifolds("precision", network), overlap.Precision, null, false);
            yield return new MetricValue("recall", MetricNames.OfManifolds("recall", network), overlap.Recall, null, false);
            yield return new MetricValue("density", MetricNames.OfManifolds("density", network), overlap.Density, null, false);
            yield return new MetricValue("coverage", MetricNames.OfManifolds("coverage", network), overlap.Coverage, null, false);
        }

        if (metrics.HasFlag(SampleMetrics.KernelDistance))
        {
            KernelDistance kernel = KernelDistance.Between(reference.Rows_MF!, samples.Rows_MF!, seed: options.Seed, cancellation: cancellation);
            yield return new MetricValue("kernelDistance", MetricNames.KernelDistance(network), kernel.Mean, kernel.Subsets > 1 ? kernel.StandardDeviation : null, true);
        }
    }

    private static IEnumerable<string> Notes(
        IFeatureNetwork network, ImageSet samples, long count, SampleReference reference, ExtractedFeatures referenceFeatures, SampleMetrics metrics)
    {
        bool frechet = (metrics & (SampleMetrics.FrechetDistance | SampleMetrics.SpatialFrechetDistance)) != 0;
        // The smaller side decides.
        long fewest = Math.Min(count, referenceFeatures.Count ?? long.MaxValue);
        string side = fewest == count ? "samples" : "images of the reference";
        if (frechet && fewest <= network.FeatureSize)
            yield return $"{fewest:N0} {side} for {network.FeatureSize:N0} features: the Fréchet distance is biased upwards and compares only with figures of as many images";
        else if (frechet && fewest < MetricNames.FewestForFid)
            yield return $"{fewest:N0} {side}: the Fréchet distance compares only with figures of as many images; the customary number is 50,000 samples";
        if (metrics.HasFlag(SampleMetrics.ClassScore))
            yield return $"the class score is the mean over splits of {InceptionScoreAccumulator.CustomarySplitSize:N0} images, {(samples.LiesByClass ? "in a shuffled order, for images of a class lie together there" : "in the order of the file, which should mix the classes")}";
        (int Width, int Height)? other = reference.Images is { } images ? (images.Width, images.Height) : StatisticsFile.Describe(reference.Path) is { } about ? (about.Width, about.Height) : null;
        if (other is { } size && size != (samples.Width, samples.Height))
            yield return $"samples are {samples.Width} × {samples.Height} and the reference {size.Width} × {size.Height}: part of every distance is the size";
        if (referenceFeatures.Count is null && referenceFeatures.Pooled is not null)
            yield return "the reference's file does not say what its statistics are of: they are taken for Inception-2015 of enough images";
        if ((metrics & (SampleMetrics.PrecisionRecall | SampleMetrics.KernelDistance)) == 0 || referenceFeatures.Rows_MF is not { } rows)
            yield break;
        yield return $"what compares images one by one (precision to coverage, kernel distance) is against {rows.Size(0):N0} images of the reference";
        if (metrics.HasFlag(SampleMetrics.PrecisionRecall) && Math.Min(count, rows.Size(0)) < FewestForPrecision)
            yield return $"precision to coverage of {count:N0} samples and {rows.Size(0):N0} images of the reference: with fewer than {FewestForPrecision:N0} of either they compare only with figures of as many";
        long subset = Math.Min(count, rows.Size(0));
        if (metrics.HasFlag(SampleMetrics.KernelDistance) && subset < KernelDistance.CustomarySubsetSize)
            yield return $"the kernel distance is of subsets of {subset:N0} images where {KernelDistance.CustomarySubsetSize:N0} are customary";
        if (metrics.HasFlag(SampleMetrics.KernelDistance) && subset <= KernelDistance.CustomarySubsetSize && count == rows.Size(0))
            yield return $"the kernel distance is of all {subset:N0} images of both sides at once, so it has no spread";
    }
}
