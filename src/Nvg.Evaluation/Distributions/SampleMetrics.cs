namespace Nvg.Evaluation.Distributions;

/// <summary>Figures of a set of images against a reference.</summary>
[Flags]
public enum SampleMetrics
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Fréchet distance of pooled features; FID where it may be called so.</summary>
    FrechetDistance = 1,

    /// <summary>Fréchet distance of spatial features (sFID).</summary>
    SpatialFrechetDistance = 2,

    /// <summary>Inception score, of the samples alone.</summary>
    ClassScore = 4,

    /// <summary>Precision, recall, density and coverage.</summary>
    PrecisionRecall = 8,

    /// <summary>Kernel distance (KID).</summary>
    KernelDistance = 16,

    /// <summary>All that the feature network and the reference allow.</summary>
    All = FrechetDistance | SpatialFrechetDistance | ClassScore | PrecisionRecall | KernelDistance,
}
