namespace Nvg.Training.Optimization;

/// <summary>Where a run stands, at a log line.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="Epoch">Passes over the data so far.</param>
/// <param name="LearningRate">Rate of the last step.</param>
/// <param name="ImagesPerSecond">Since the last line.</param>
/// <param name="Terms">Mean of every loss term since the last line.</param>
public sealed record TrainingProgress(
    long Step, long Steps, double Epoch, double LearningRate, double ImagesPerSecond, IReadOnlyList<KeyValuePair<string, double>> Terms)
{
    /// <summary>Memory of the process, in MiB: of the first one where there are several.</summary>
    public double MemoryMiB { get; init; }

    /// <summary>Time left at the current rate.</summary>
    /// <param name="batchSize">Images per step.</param>
    public TimeSpan Remaining(int batchSize) =>
        ImagesPerSecond > 0 ? TimeSpan.FromSeconds((Steps - Step) * batchSize / ImagesPerSecond) : TimeSpan.Zero;
}
