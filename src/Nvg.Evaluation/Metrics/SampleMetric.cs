using Nvg.Evaluation.Features;

namespace Nvg.Evaluation.Metrics;

/// <summary>
/// A metric of generated images: its name, the features it needs, its computation and the limits of its use. To add a metric,
/// derive a class in a file of its own and add an entry to <see cref="All"/>.
/// </summary>
public abstract class SampleMetric
{
    /// <summary>Every metric, in the order of reports.</summary>
    public static IReadOnlyList<SampleMetric> All { get; } =
    [
        FrechetDistanceMetric.Pooled, FrechetDistanceMetric.Spatial, new InceptionScoreMetric(), new PrecisionRecallMetric(),
        new KernelDistanceMetric(),
    ];

    // Stands for every metric.
    private const string Every = "all";

    /// <summary>Short name for the command line, such as <c>fid</c>.</summary>
    public abstract string Id { get; }

    /// <summary>What the metric reports, in a few words for help texts.</summary>
    public abstract string Summary { get; }

    /// <summary>The features of the samples that the metric needs.</summary>
    public abstract FeatureNeeds Needs { get; }

    /// <summary>Whether the samples are compared with a reference; otherwise, the samples are scored alone.</summary>
    public virtual bool UsesReference => true;

    /// <summary>The minimum number of images on each side.</summary>
    public virtual int MinimumImages => 2;

    /// <summary>Computes the metric.</summary>
    /// <param name="context">Features of both sides; borrowed.</param>
    /// <returns>One value or several.</returns>
    public abstract IEnumerable<MetricValue> Compute(MetricContext context);

    /// <summary>What a reader must know to compare the values, one sentence each.</summary>
    /// <param name="context">Features of both sides; borrowed.</param>
    public virtual IEnumerable<string> Notes(MetricContext context) => [];

    /// <summary>Whether a feature network provides the features that the metric needs.</summary>
    /// <param name="network">Borrowed.</param>
    public bool IsSupportedBy(IFeatureNetwork network) => Needs.MissingFrom(network) is null;

    /// <summary>The metrics with the given short names; <c>all</c> stands for every metric.</summary>
    /// <param name="ids">Short names separated by commas.</param>
    /// <exception cref="FormatException">A name is unknown, or there is none.</exception>
    public static IReadOnlyList<SampleMetric> Parse(string ids)
    {
        string[] words = ids.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0)
            throw new FormatException("no metric is named");
        string[] known = [.. All.Select(m => m.Id), Every];
        if (words.FirstOrDefault(word => !known.Contains(word, StringComparer.OrdinalIgnoreCase)) is { } unknown)
            throw new FormatException($"unknown metric '{unknown}'; choose from {string.Join(", ", known)}");
        return words.Contains(Every, StringComparer.OrdinalIgnoreCase)
            ? All
            : [.. All.Where(m => words.Contains(m.Id, StringComparer.OrdinalIgnoreCase))];
    }

    /// <summary>The note on the number of reference images in metrics that compare single images.</summary>
    private protected static string RowNote(MetricContext context) =>
        $"metrics that compare single images use {context.ReferenceRows:N0} images of the reference";
}
