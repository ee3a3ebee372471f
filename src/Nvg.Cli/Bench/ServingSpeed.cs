namespace Nvg.Cli.Bench;

/// <summary>Speed of a server on this machine with real requests over a loopback connection.</summary>
/// <param name="HttpMilliseconds">
/// Median time of a request for one image that takes no time to compute: the overhead of HTTP, queue and encoding.
/// </param>
/// <param name="HttpMilliseconds95">The 95th percentile of the time of such requests.</param>
/// <param name="HttpProcessorMilliseconds">Processor time of such a request, including its client.</param>
/// <param name="Images">Number of requests for one image that were sent at once.</param>
/// <param name="OneByOne">Throughput if each image is computed alone.</param>
/// <param name="Batched">Throughput if several images are computed together.</param>
/// <param name="FirstPreviewSeconds">Time from a request to the first stage with its preview; the median of several requests.</param>
/// <param name="StageSeconds">Mean time of a stage with its preview in the same requests.</param>
internal sealed record ServingSpeed(
    double HttpMilliseconds, double HttpMilliseconds95, double HttpProcessorMilliseconds, int Images, ServingThroughput OneByOne,
    ServingThroughput Batched, double FirstPreviewSeconds, double StageSeconds);
