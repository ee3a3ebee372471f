using Nvg.Training.Optimization;

namespace Nvg.Training.Planning.Execution;

/// <summary>Progress of the execution of a plan.</summary>
/// <param name="Stage">Name of the stage.</param>
/// <param name="Message">Description of the current work if no training steps are taken; null otherwise.</param>
/// <param name="Training">Progress of training; null if no training steps are taken.</param>
/// <param name="Batch">Images per step.</param>
public sealed record PlannedStageProgress(string Stage, string? Message, TrainingProgress? Training, int Batch);
