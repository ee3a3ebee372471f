namespace Nvg.Training.Optimization;

/// <summary>Parameters that share an optimizer and a gradient norm.</summary>
/// <param name="Name">Name of the group in the log; empty for the only or first group of a task.</param>
/// <param name="Names">Names of the parameters.</param>
public sealed record ParameterGroup(string Name, IReadOnlyList<string> Names)
{
    /// <summary>Decoupled weight decay, on parameters of two or more dimensions; null for the value of the run.</summary>
    public double? WeightDecay { get; init; }

    /// <summary>Parameters of two or more dimensions that are excluded from weight decay, such as position embeddings.</summary>
    public IReadOnlyList<string> NotDecayed { get; init; } = [];

    /// <summary>Multiple of the run's learning rate.</summary>
    public double LearningRateFactor { get; init; } = 1;
}
