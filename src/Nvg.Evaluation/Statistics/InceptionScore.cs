namespace Nvg.Evaluation.Statistics;

/// <summary>
/// An Inception score: exp of the mean Kullback–Leibler divergence between an image's class distribution and the average distribution.
/// </summary>
/// <param name="Mean">Mean over the splits.</param>
/// <param name="StandardDeviation">Population standard deviation over the splits; 0 for one split.</param>
/// <param name="Splits">Number of splits, each scored separately.</param>
public readonly record struct InceptionScore(double Mean, double StandardDeviation, int Splits);
