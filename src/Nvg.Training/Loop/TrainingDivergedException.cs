using Nvg.Training.Optimization;

namespace Nvg.Training.Loop;

/// <summary>A loss term became infinite or not-a-number.</summary>
public sealed class TrainingDivergedException : Exception
{
    /// <inheritdoc/>
    public TrainingDivergedException(string message) : base(message) { }

    /// <inheritdoc/>
    public TrainingDivergedException(string message, Exception innerException) : base(message, innerException) { }

    /// <inheritdoc/>
    public TrainingDivergedException() { }

    /// <summary>Names the term, its stage where it has one, and the step (from 1) after which it was seen.</summary>
    internal static TrainingDivergedException At(string term, long step) =>
        new($"{StagedTerm.Of(term)} is no longer finite at step {step}: the run stops, the last checkpoint stays as it was");
}
