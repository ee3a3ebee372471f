namespace Nvg.Training.Tasks.Generators.Intervals;

/// <summary>Which intervals of time the structure generator learns average velocities over.</summary>
public sealed record IntervalOptions
{
    /// <summary>Share of sequences with an interval; the others learn the velocity itself, which keeps many steps as good.</summary>
    public double Share { get; init; } = 0.25;

    /// <summary>Share of the intervals that reach from noise to structure: a single step.</summary>
    public double FullShare { get; init; } = 0.4;

    /// <summary>
    /// Steps of the schedule whose times bound the intervals, a power of two. Half of the shorter intervals are steps of 2, 4, … equal
    /// steps of the schedule, half lie anywhere on it.
    /// </summary>
    public int Grid { get; init; } = 16;

    /// <summary>All problems with the settings; empty if there are none.</summary>
    internal IEnumerable<string> Validate()
    {
        if (Share is not (> 0 and < 1) || FullShare is not (>= 0 and <= 1))
            yield return "intervals.share must be in (0, 1), intervals.fullShare in [0, 1]";
        if (Grid is < 2 or > 1024 || !int.IsPow2(Grid))
            yield return "intervals.grid must be a power of two in 2…1024";
    }
}
