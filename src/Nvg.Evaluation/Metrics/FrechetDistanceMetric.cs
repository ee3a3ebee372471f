using Nvg.Evaluation.Features;
using Nvg.Evaluation.Statistics;

namespace Nvg.Evaluation.Metrics;

/// <summary>The Fréchet distance of pooled features (FID) or of spatial features (sFID).</summary>
public sealed class FrechetDistanceMetric : SampleMetric
{
    private readonly string _key;
    private readonly string _shortName;
    private readonly string _features;
    private readonly Func<ExtractedFeatures, GaussianStatistics> _statistics;

    private FrechetDistanceMetric(
        string id, string key, string shortName, string features, FeatureNeeds needs, Func<ExtractedFeatures,
        GaussianStatistics> statistics)
    {
        (Id, Needs) = (id, needs);
        (_key, _shortName, _features, _statistics) = (key, shortName, features, statistics);
    }

    /// <summary>The distance of the pooled features: FID under the published protocol.</summary>
    public static FrechetDistanceMetric Pooled { get; } =
        new("fid", "frechetDistance", "FID", "features", new FeatureNeeds(Pooled: true), f => f.Pooled!);

    /// <summary>The distance of the spatial features: sFID under the published protocol.</summary>
    public static FrechetDistanceMetric Spatial { get; } =
        new("sfid", "spatialFrechetDistance", "sFID", "spatial features", new FeatureNeeds(Spatial: true), f => f.Spatial!);

    /// <inheritdoc/>
    public override string Id { get; }

    /// <inheritdoc/>
    public override string Summary => $"Fréchet distance of the {_features} ({_shortName})";

    /// <inheritdoc/>
    public override FeatureNeeds Needs { get; }

    /// <summary>The name for these images: the short name if the published protocol is met.</summary>
    /// <param name="network">The feature network.</param>
    /// <param name="samples">Number of samples.</param>
    /// <param name="reference">Number of reference images, or null if the file of the reference does not specify it.</param>
    public string Name(IFeatureNetwork network, long samples, long? reference)
    {
        if (!PublishedProtocol.Covers(network))
            return $"Fréchet distance ({_features} of {network.Name})";
        if (samples >= PublishedProtocol.MinimumImages && reference is null or >= PublishedProtocol.MinimumImages)
            return PublishedProtocol.WithResize(_shortName, network);
        string against = reference is { } count ? $"{count:N0}" : "a stored reference";
        return $"Fréchet distance ({_features} of {network.Name}; {PublishedProtocol.ResizePrefix(network)}{samples:N0} images "
            + $"against {against}, "
            + $"too few for {_shortName}, which needs {PublishedProtocol.MinimumImages:N0})";
    }

    /// <summary>The name of the same distance between reconstructions and their originals.</summary>
    /// <param name="network">The feature network.</param>
    /// <param name="count">Number of images.</param>
    public string ReconstructionName(IFeatureNetwork network, long count)
    {
        string name = Name(network, count, count);
        return name.StartsWith(_shortName, StringComparison.Ordinal) ? "r" + name : name + " of reconstructions";
    }

    /// <inheritdoc/>
    public override IEnumerable<MetricValue> Compute(MetricContext context)
    {
        GaussianStatistics reference = _statistics(context.Reference), samples = _statistics(context.Samples);
        string name = Name(context.Network, context.SampleCount, reference.Count);
        yield return new MetricValue(_key, name, FrechetDistance.Between(reference, samples, context.Cancellation).Value, null,
            LowerIsBetter: true);
    }

    /// <inheritdoc/>
    public override IEnumerable<string> Notes(MetricContext context)
    {
        // The smaller of the two sets counts.
        long fewest = Math.Min(context.SampleCount, context.ReferenceCount ?? long.MaxValue);
        string side = fewest == context.SampleCount ? "samples" : "images of the reference";
        if (fewest <= context.Network.FeatureSize)
        {
            yield return $"{fewest:N0} {side} for {context.Network.FeatureSize:N0} features: "
                + "the Fréchet distance is biased upwards; compare it only with distances of the same number of images";
        }
        else if (fewest < PublishedProtocol.MinimumImages)
        {
            yield return $"{fewest:N0} {side}: compare the Fréchet distance only with distances of the same number of images; 50,000 "
                + "samples are customary";
        }

        if (context.ReferenceCount is null)
            yield return "the reference file does not describe its statistics; they are assumed to be those of Inception-2015 and of "
                + "enough images";
    }
}
