namespace Nvg.Evaluation.Distributions;

/// <summary>Progress of an evaluation.</summary>
/// <param name="State">Description of the current work, for display.</param>
/// <param name="Share">Completed share of this step, or null if it is unknown.</param>
public readonly record struct SampleProgress(string State, double? Share);
