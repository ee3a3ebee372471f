namespace Nvg.Cli.Bench;

/// <summary>What a server on this machine does with real requests over a loopback connection.</summary>
/// <param name="HttpMilliseconds">
/// Median time of a request for one image that takes no time to compute: what HTTP, queue and encoding add to an image.
/// </param>
/// <param name="HttpMilliseconds95">The time that 95 % of such requests stay below.</param>
/// <param name="HttpProcessorMilliseconds">Time of processors that such a request takes, its client included.</param>
/// <param name="Images">Requests of one image that were sent at once.</param>
/// <param name="OneByOne">Where each is computed alone.</param>
/// <param name="Batched">Where several are computed together.</param>
/// <param name="FirstPreviewSeconds">From a request to the first stage with its preview; the median of some.</param>
/// <param name="StageSeconds">Mean time of a stage with its preview, of the same requests.</param>
internal sealed record ServingSpeed(
    double HttpMilliseconds, double HttpMilliseconds95, double HttpProcessorMilliseconds, int Images, ServingThroughput OneByOne,
    ServingThroughput Batched, double FirstPreviewSeconds, double StageSeconds);
