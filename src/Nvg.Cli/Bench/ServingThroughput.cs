namespace Nvg.Cli.Bench;

/// <summary>Images that a server computed.</summary>
/// <param name="Batch">Images that are computed together.</param>
/// <param name="PerSecond">Images per second.</param>
/// <param name="ProcessorSeconds">Time of processors that an image takes, which other work on the machine changes little.</param>
internal sealed record ServingThroughput(int Batch, double PerSecond, double ProcessorSeconds);
