namespace Nvg.Granularity.Construction;

/// <summary>Ways to find structure maps.</summary>
public enum StructureStrategyKind
{
    /// <summary>Greedy clustering of latents, as in the paper (<see cref="StructureConstruction"/>).</summary>
    Greedy,

    /// <summary>Greedy clustering of latents with row and column appended, which gives spatially coherent clusters.</summary>
    Spatial,

    /// <summary>Greedy clustering whose pairs are exchanged while that lowers the sum of squared distances.</summary>
    Matching,

    /// <summary>Keeps regions of similar colour together; divides a region along the principal direction of its latents.</summary>
    Segmentation,

    /// <summary>Greedy clustering of the patch features of a vision transformer instead of latents.</summary>
    Features,
}
