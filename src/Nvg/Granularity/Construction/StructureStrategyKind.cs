namespace Nvg.Granularity.Construction;

/// <summary>How structure maps are found.</summary>
public enum StructureStrategyKind
{
    /// <summary>The paper's: the nearest clusters are joined first (<see cref="StructureConstruction"/>).</summary>
    Greedy,

    /// <summary>The same over latents with the place of each position added, so that clusters hang together.</summary>
    Spatial,

    /// <summary>Like the paper's, but the pairs of a level are exchanged as long as that lowers the sum of squared distances.</summary>
    Matching,

    /// <summary>Regions of like colour stay together; inside a region, halves along the latents' main direction.</summary>
    Segmentation,

    /// <summary>The paper's way over the features of a vision transformer instead of latents.</summary>
    Features,
}
