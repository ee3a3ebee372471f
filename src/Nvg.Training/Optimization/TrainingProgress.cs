namespace Nvg.Training.Optimization;

/// <summary>Progress of a run at a log line.</summary>
/// <param name="Step">Completed steps.</param>
/// <param name="Steps">Number of steps.</param>
/// <param name="Epoch">Passes over the data so far.</param>
/// <param name="LearningRate">Learning rate of the last step.</param>
/// <param name="ImagesPerSecond">Images per second since the last line.</param>
/// <param name="Terms">Mean of every loss term since the last line.</param>
public sealed record TrainingProgress(
    long Step, long Steps, double Epoch, double LearningRate, double ImagesPerSecond, IReadOnlyList<KeyValuePair<string, double>> Terms)
{
    /// <summary>Working set of rank 0, in MiB.</summary>
    public double MemoryMiB { get; init; }

    /// <summary>Remaining time at the current rate.</summary>
    /// <param name="batchSize">Images per step.</param>
    public TimeSpan Remaining(int batchSize) => RemainingTime.Of(Steps - Step, batchSize, ImagesPerSecond);

    /// <summary>Remaining time at the current rate as text, including whole days: <c>4d 00:46:58</c>.</summary>
    /// <param name="batchSize">Images per step.</param>
    public string RemainingText(int batchSize) => RemainingTime.Text(Remaining(batchSize));
}
