namespace Nvg.Server.Scheduling;

/// <summary>What a simulated load of the queue gave.</summary>
/// <param name="Load">Images that arrive, as a share of what the workers can compute.</param>
/// <param name="PerSecond">Images that arrive in a second.</param>
/// <param name="MeanBatch">Images of a pass.</param>
/// <param name="Mean">Mean seconds from arrival to the finished image.</param>
/// <param name="Median">Of half of the images at most.</param>
/// <param name="Percentile95">Of 95 of 100 images at most.</param>
/// <param name="Percentile99">Of 99 of 100 images at most.</param>
/// <param name="Refused">Share of images that were refused because the queue was full.</param>
internal sealed record SimulatedLoad(
    double Load, double PerSecond, double MeanBatch, double Mean, double Median, double Percentile95, double Percentile99, double Refused);
