namespace Nvg.Cli.Bench;

/// <summary>Time of one part of a model.</summary>
/// <param name="Name">Name of the part.</param>
/// <param name="Batch">Images or sequences per batch.</param>
/// <param name="Seconds">Median time in seconds.</param>
/// <param name="Runs">Number of timed runs; fewer than requested if a run takes a long time.</param>
public sealed record Timing(string Name, int Batch, double Seconds, int Runs)
{
    /// <summary>Images or sequences per second.</summary>
    public double PerSecond => Batch / Seconds;
}
