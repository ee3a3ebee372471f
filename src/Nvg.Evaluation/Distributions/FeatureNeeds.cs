using Nvg.Evaluation.Features;

namespace Nvg.Evaluation.Distributions;

/// <summary>What of the features of a set of images is wanted.</summary>
/// <param name="Pooled">Mean and covariance of the pooled features.</param>
/// <param name="Spatial">Mean and covariance of the spatial features.</param>
/// <param name="Score">The class score.</param>
/// <param name="Rows">Pooled features themselves, of at most so many images, chosen evenly.</param>
/// <param name="ShuffledSplits">Whether splits of the score take images in a shuffled order, for sources that lie by class.</param>
public readonly record struct FeatureNeeds(bool Pooled = false, bool Spatial = false, bool Score = false, long Rows = 0, bool ShuffledSplits = false)
{
    /// <summary>What figures need of the samples.</summary>
    internal static FeatureNeeds OfSamples(SampleMetrics metrics) => new(
        metrics.HasFlag(SampleMetrics.FrechetDistance), metrics.HasFlag(SampleMetrics.SpatialFrechetDistance), metrics.HasFlag(SampleMetrics.ClassScore),
        (metrics & (SampleMetrics.PrecisionRecall | SampleMetrics.KernelDistance)) != 0 ? long.MaxValue : 0);

    /// <summary>What figures need of the reference.</summary>
    internal static FeatureNeeds OfReference(SampleMetrics metrics, long rows) =>
        OfSamples(metrics) with { Score = false, Rows = OfSamples(metrics).Rows > 0 ? rows : 0 };

    /// <summary>Throws where a network cannot give it.</summary>
    /// <exception cref="NvgDataException">The network has no spatial features, or no classes.</exception>
    internal void Require(IFeatureNetwork network)
    {
        if (Spatial && network.SpatialFeatureSize == 0)
            throw new NvgDataException($"{network.Name} has no spatial features; leave their Fréchet distance out of --metrics");
        if (Score && network.ClassCount == 0)
            throw new NvgDataException($"{network.Name} has no classes to score; leave the score out of --metrics");
    }
}
