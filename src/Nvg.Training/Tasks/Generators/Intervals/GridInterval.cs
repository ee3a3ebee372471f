namespace Nvg.Training.Tasks.Generators.Intervals;

/// <summary>A time interval of the structure flow, with the times of the schedule in it.</summary>
/// <param name="Times">Descending times from the start to the end, both included.</param>
internal sealed record GridInterval(double[] Times)
{
    /// <summary>Number of steps of the schedule in the interval.</summary>
    internal int Steps => Times.Length - 1;

    /// <summary>Time at which the interval starts; 1 is noise.</summary>
    internal double Start => Times[0];

    /// <summary>Length of the interval.</summary>
    internal double Length => Times[0] - Times[^1];

    /// <summary>Whether the interval ends at the structure.</summary>
    internal bool EndsAtStructure => Times[^1] == 0;

    /// <summary>Whether the interval is the whole flow.</summary>
    internal bool IsWhole => Start == 1 && EndsAtStructure;
}
