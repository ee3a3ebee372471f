namespace Nvg.Cli.Bench;

/// <summary>How long one part of the work takes.</summary>
/// <param name="Name">The part.</param>
/// <param name="Batch">Images or sequences computed together.</param>
/// <param name="Seconds">Median over the runs.</param>
/// <param name="Runs">Runs that were timed; fewer than asked for where one takes long.</param>
public sealed record Timing(string Name, int Batch, double Seconds, int Runs)
{
    /// <summary>Images or sequences per second.</summary>
    public double PerSecond => Batch / Seconds;
}
