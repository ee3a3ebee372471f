namespace Nvg.Training.Planning.Execution;

/// <summary>State of a stage of a plan.</summary>
public sealed record StageState
{
    /// <summary>Number of steps, as last chosen; 0 before the stage begins.</summary>
    public long Steps { get; init; }

    /// <summary>Time of the stage so far, in seconds.</summary>
    public double Seconds { get; init; }

    /// <summary>Whether the stage is finished.</summary>
    public bool IsDone { get; init; }
}
