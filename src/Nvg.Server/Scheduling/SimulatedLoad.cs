namespace Nvg.Server.Scheduling;

/// <summary>Result of a simulated load of the queue.</summary>
/// <param name="Load">Arriving images as a share of what the workers can compute.</param>
/// <param name="PerSecond">Arriving images per second.</param>
/// <param name="MeanBatch">Mean number of images per pass.</param>
/// <param name="Mean">Mean seconds from arrival to the finished image.</param>
/// <param name="Median">Median of this time.</param>
/// <param name="Percentile95">95th percentile of this time.</param>
/// <param name="Percentile99">99th percentile of this time.</param>
/// <param name="Refused">Share of images that were rejected because the queue was full.</param>
internal sealed record SimulatedLoad(
    double Load, double PerSecond, double MeanBatch, double Mean, double Median, double Percentile95, double Percentile99, double Refused);
