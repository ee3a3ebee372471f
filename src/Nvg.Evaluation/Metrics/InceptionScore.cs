namespace Nvg.Evaluation.Metrics;

/// <summary>An Inception score: exp of the mean Kullback–Leibler divergence of an image's classes from those of all.</summary>
/// <param name="Mean">Mean over the splits.</param>
/// <param name="StandardDeviation">Over the splits, divided by their number; 0 for one.</param>
/// <param name="Splits">Parts that were scored on their own.</param>
public readonly record struct InceptionScore(double Mean, double StandardDeviation, int Splits);
