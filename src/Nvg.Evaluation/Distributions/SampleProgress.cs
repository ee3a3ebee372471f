namespace Nvg.Evaluation.Distributions;

/// <summary>Where an evaluation stands.</summary>
/// <param name="State">In words.</param>
/// <param name="Share">Share of this step that is done, or null where that is unknown.</param>
public readonly record struct SampleProgress(string State, double? Share);
