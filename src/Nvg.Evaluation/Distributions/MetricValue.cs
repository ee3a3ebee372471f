namespace Nvg.Evaluation.Distributions;

/// <summary>One figure.</summary>
/// <param name="Key">Its name for programs, the same for every feature network.</param>
/// <param name="Name">Its name for people: the field's only where the protocol is the field's.</param>
/// <param name="Value">The figure.</param>
/// <param name="Spread">Standard deviation over splits or subsets, or null.</param>
/// <param name="LowerIsBetter">Which way is better.</param>
public sealed record MetricValue(string Key, string Name, double Value, double? Spread, bool LowerIsBetter);
