using System.Text.Json.Serialization;

namespace Nvg.Training.Planning;

/// <summary>A stage of a plan.</summary>
/// <param name="Name">
/// Name of the stage: <c>preparation</c>, <c>tokenizer</c>, <c>classifier</c>, <c>generator</c> or <c>measurement</c>.
/// </param>
/// <param name="Seconds">Predicted time.</param>
public sealed record PlannedStage(string Name, double Seconds)
{
    /// <summary>Training steps; 0 if nothing is trained.</summary>
    public long Steps { get; init; }

    /// <summary>Images per step.</summary>
    public int Batch { get; init; }

    /// <summary>Images in all steps, repeated ones included.</summary>
    [JsonIgnore]
    public long Images => Steps * Batch;

    /// <summary>Passes over the training images.</summary>
    public double Epochs { get; init; }

    /// <summary>Predicted memory in bytes.</summary>
    public long MemoryBytes { get; init; }
}
