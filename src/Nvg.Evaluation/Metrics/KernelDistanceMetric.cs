using Nvg.Evaluation.Features;
using Nvg.Evaluation.Statistics;

namespace Nvg.Evaluation.Metrics;

/// <summary>The kernel distance of pooled features (KID).</summary>
public sealed class KernelDistanceMetric : SampleMetric
{
    /// <inheritdoc/>
    public override string Id => "kid";

    /// <inheritdoc/>
    public override string Summary => "kernel distance (KID)";

    /// <inheritdoc/>
    public override FeatureNeeds Needs => new(Rows: long.MaxValue);

    /// <summary>The name: KID for Inception-2015.</summary>
    /// <param name="network">The feature network.</param>
    public static string Name(IFeatureNetwork network) => PublishedProtocol.Name("KID", "kernel distance", network);

    /// <inheritdoc/>
    public override IEnumerable<MetricValue> Compute(MetricContext context)
    {
        KernelDistance distance = KernelDistance.Between(
            context.Reference.Rows_MF!, context.Samples.Rows_MF!, seed: context.Seed, cancellation: context.Cancellation);
        yield return new MetricValue(
            "kernelDistance", Name(context.Network), distance.Mean, distance.Subsets > 1
                ? distance.StandardDeviation : null, LowerIsBetter: true);
    }

    /// <inheritdoc/>
    public override IEnumerable<string> Notes(MetricContext context)
    {
        yield return RowNote(context);
        long subset = Math.Min(context.SampleCount, context.ReferenceRows);
        string customary = subset < KernelDistance.CustomarySubsetSize
            ? $"; subsets of {KernelDistance.CustomarySubsetSize:N0} are customary" : "";
        if (subset <= KernelDistance.CustomarySubsetSize && context.SampleCount == context.ReferenceRows)
            yield return $"the kernel distance uses all {subset:N0} images of both sides at once, without a standard deviation{customary}";
        else if (customary.Length > 0)
            yield return $"the kernel distance uses subsets of {subset:N0} images{customary}";
    }
}
