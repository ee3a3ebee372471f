namespace Nvg.Training.Optimization;

/// <summary>Parameters of a task that are learned alike: by an optimizer and a gradient norm of their own.</summary>
/// <param name="Name">What the log calls the group; empty for a task's only or first group.</param>
/// <param name="Names">Names of the parameters.</param>
public sealed record ParameterGroup(string Name, IReadOnlyList<string> Names)
{
    /// <summary>Decoupled weight decay, on parameters of two or more dimensions; null for the run's.</summary>
    public double? WeightDecay { get; init; }

    /// <summary>The learning rate as a multiple of the run's.</summary>
    public double LearningRateFactor { get; init; } = 1;
}
