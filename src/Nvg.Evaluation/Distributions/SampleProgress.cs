namespace Nvg.Evaluation.Distributions;

/// <summary>Progress of an evaluation.</summary>
/// <param name="State">What is being done, for display.</param>
/// <param name="Share">Completed share of this step, or null where it is unknown.</param>
public readonly record struct SampleProgress(string State, double? Share);
