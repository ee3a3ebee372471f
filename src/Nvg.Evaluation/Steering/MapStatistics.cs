namespace Nvg.Evaluation.Steering;

/// <summary>Shape of the regions of a stage's structure maps, as means over images.</summary>
/// <param name="Stage">Stage index (i), from 1.</param>
/// <param name="Boundary">Share of neighbouring positions with different labels: the length of the boundaries.</param>
/// <param name="LargestComponent">Share of a cluster's positions in its largest connected component; the mean over clusters.</param>
/// <param name="Autocorrelation">
/// Spatial autocorrelation of the split that made the stage: mean product of the sides (±1) of neighbouring positions that were
/// in the same cluster before; 1 if neighbours always stay together, 0 by chance in large clusters.
/// </param>
public sealed record MapStatistics(int Stage, double Boundary, double LargestComponent, double Autocorrelation);
