using Nvg.Evaluation.Features;

namespace Nvg.Evaluation.Metrics;

/// <summary>Which features of a set of images are needed.</summary>
/// <param name="Pooled">Mean and covariance of the pooled features.</param>
/// <param name="Spatial">Mean and covariance of the spatial features.</param>
/// <param name="Score">The class score.</param>
/// <param name="Rows">Maximum number of images whose pooled features are kept, chosen evenly; 0 for none.</param>
/// <param name="ShuffledSplits">Whether the splits of the score take images in shuffled order, for images stored class by class.</param>
public readonly record struct FeatureNeeds(bool Pooled = false, bool Spatial = false, bool Score = false, long Rows = 0,
    bool ShuffledSplits = false)
{
    /// <summary>The features that either of two sets of needs requires.</summary>
    /// <param name="other">The other set.</param>
    public FeatureNeeds Union(FeatureNeeds other) => new(
        Pooled || other.Pooled, Spatial || other.Spatial, Score || other.Score, Math.Max(Rows, other.Rows), ShuffledSplits
            || other.ShuffledSplits);

    /// <summary>What a network lacks to provide these features, or null.</summary>
    internal string? MissingFrom(IFeatureNetwork network)
    {
        if (Spatial && network.SpatialFeatureSize == 0)
            return $"{network.Name} has no spatial features: remove 'sfid' from --metrics";
        return Score && network.ClassCount == 0 ? $"{network.Name} has no classes: remove 'is' from --metrics" : null;
    }

    /// <summary>Throws if a network cannot provide these features.</summary>
    /// <exception cref="NvgDataException">The network has no spatial features, or no classes.</exception>
    internal void Require(IFeatureNetwork network)
    {
        if (MissingFrom(network) is { } problem)
            throw new NvgDataException(problem);
    }
}
