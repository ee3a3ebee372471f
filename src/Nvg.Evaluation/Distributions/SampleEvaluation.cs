using System.Diagnostics;
using Nvg.Data.Loading;
using Nvg.Evaluation.Features;
using Nvg.Evaluation.Metrics;

namespace Nvg.Evaluation.Distributions;

/// <summary>
/// Measures generated images against a reference. With Inception-2015, it follows the protocol of the published evaluator.
/// </summary>
public static class SampleEvaluation
{
    /// <summary>Computes metrics.</summary>
    /// <param name="network">The feature network; borrowed.</param>
    /// <param name="samples">The images to measure.</param>
    /// <param name="reference">The images or statistics to compare with.</param>
    /// <param name="options">Which metrics, and how.</param>
    /// <param name="progress">Receives a description of the current work, or null.</param>
    /// <param name="cancellation">Checked between batches and tiles.</param>
    /// <exception cref="NvgDataException">Images or statistics are unusable, too few, or do not match.</exception>
    public static SampleReport Run(
        IFeatureNetwork network, ImageSet samples, SampleReference reference, SampleEvaluationOptions options,
        IProgress<SampleProgress>? progress = null, CancellationToken cancellation = default)
    {
        long start = Stopwatch.GetTimestamp();
        IReadOnlyList<SampleMetric> metrics = options.Metrics ?? [.. SampleMetric.All.Where(m => m.IsSupportedBy(network))];
        long count = Math.Min(options.Limit ?? samples.Count, samples.Count);
        FeatureNeeds needs = Union(metrics) with { ShuffledSplits = samples.IsSortedByClass };
        needs.Require(network);
        RequireEnough(samples.Path, count, metrics.Where(m => m.UsesReference));
        using ExtractedFeatures referenceFeatures = ReferenceFeatures(network, reference, metrics, options, progress, cancellation);
        long extraction = Stopwatch.GetTimestamp();
        using ExtractedFeatures features = FeatureExtraction.Run(
            network, samples.Images(count), count, needs, options.Batch, Counter(progress, "samples", count), cancellation);
        double perSecond = count / Stopwatch.GetElapsedTime(extraction).TotalSeconds;
        progress?.Report(new SampleProgress("distances", null));
        var context = new MetricContext(network, features, referenceFeatures)
        {
            SamplesAreSortedByClass = samples.IsSortedByClass,
            Seed = options.Seed,
            Cancellation = cancellation,
        };
        List<MetricValue> values = [.. metrics.SelectMany(m => m.Compute(context))];
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
            Notes = [.. metrics.SelectMany(m => m.Notes(context)).Concat(SizeNotes(samples, reference)).Distinct()],
            ImagesPerSecond = perSecond,
            Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds,
        };
    }

    private static FeatureNeeds Union(IEnumerable<SampleMetric> metrics) =>
        metrics.Aggregate(new FeatureNeeds(), (needs, metric) => needs.Union(metric.Needs));

    private static ExtractedFeatures ReferenceFeatures(
        IFeatureNetwork network, SampleReference reference, IReadOnlyList<SampleMetric> metrics, SampleEvaluationOptions options,
        IProgress<SampleProgress>? progress, CancellationToken cancellation)
    {
        SampleMetric[] compared = [.. metrics.Where(m => m.UsesReference)];
        bool saves = options.SaveReference is not null;
        // Stored statistics may come from another network and must never be saved with this network's fingerprint.
        if (saves && reference.HasStatistics)
        {
            throw NvgDataException.At(
                reference.Path, "already holds statistics, which are not saved again",
                "leave out --save-reference, or use only images as the reference");
        }

        RequireEnough(reference, compared, options);
        FeatureNeeds needs = Union(compared);
        needs = needs with { Pooled = needs.Pooled || saves, Rows = Math.Min(needs.Rows, options.ReferenceRows) };
        ExtractedFeatures features = reference.Features(
            network, needs, options.Batch, Counter(progress, "reference", reference.Images?.Count ?? 1), cancellation);
        try
        {
            if (features.Rows_MF is { } rows)
                RequireEnough(reference.Path, rows.Size(0), compared.Where(ComparesRows));
            if (options.SaveReference is { } file)
                StatisticsFile.Write(file, features, network, reference.Images!);
            return features;
        }
        catch
        {
            features.Dispose();
            throw;
        }
    }

    private static bool ComparesRows(SampleMetric metric) => metric.Needs.Rows > 0;

    // Checked first: the computation may take hours.
    private static void RequireEnough(SampleReference reference, IReadOnlyList<SampleMetric> metrics, SampleEvaluationOptions options)
    {
        // Stored statistics need no images; stored rows are counted when they are read.
        if (reference.Images is not { } images || reference.HasStatistics)
            return;
        RequireEnough(reference.Path, images.Count, metrics.Where(m => !ComparesRows(m)));
        if (options.SaveReference is not null)
            RequireEnough(reference.Path, images.Count, [FrechetDistanceMetric.Pooled]);
        RequireEnough(reference.Path, Math.Min(images.Count, options.ReferenceRows), metrics.Where(ComparesRows));
    }

    private static void RequireEnough(string path, long count, IEnumerable<SampleMetric> metrics)
    {
        int minimum = metrics.Select(m => m.MinimumImages).DefaultIfEmpty(0).Max();
        if (count < minimum)
            throw NvgDataException.At(path, $"{count} images are too few: the metrics need at least {minimum}",
                "give more, or leave metrics out with --metrics");
    }

    private static SynchronousProgress<long>? Counter(IProgress<SampleProgress>? progress, string what, long total) => progress is null
        ? null
        : new SynchronousProgress<long>(done => progress.Report(new SampleProgress($"{what}: {done} of {total}", (double)done / total)));

    private static IEnumerable<string> SizeNotes(ImageSet samples, SampleReference reference)
    {
        (int Width, int Height)? other = reference.Images is { } images ? (images.Width, images.Height)
            : StatisticsFile.Describe(reference.Path) is { } about ? (about.Width, about.Height)
            : null;
        if (other is { } size && size != (samples.Width, samples.Height))
            yield return $"samples are {samples.Width} × {samples.Height} and the reference {size.Width} × {size.Height}: the "
                + "difference in size adds to every distance";
    }
}
