namespace Nvg.Cli.Bench;

/// <summary>Throughput of a server.</summary>
/// <param name="Batch">Images computed together.</param>
/// <param name="PerSecond">Images per second.</param>
/// <param name="ProcessorSeconds">Processor time per image; other work on the machine hardly affects it.</param>
internal sealed record ServingThroughput(int Batch, double PerSecond, double ProcessorSeconds);
