namespace Nvg.Evaluation.Metrics;

/// <summary>The value of a metric.</summary>
/// <param name="Key">Name for programs, the same for every feature network.</param>
/// <param name="Name">Name for readers: FID, IS and KID only under the published protocol.</param>
/// <param name="Value">The value.</param>
/// <param name="Spread">Standard deviation over splits or subsets, or null.</param>
/// <param name="LowerIsBetter">Whether lower values are better.</param>
public sealed record MetricValue(string Key, string Name, double Value, double? Spread, bool LowerIsBetter);
