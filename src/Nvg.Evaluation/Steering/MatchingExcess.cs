namespace Nvg.Evaluation.Steering;

/// <summary>By how much pairs cost more than the best pairs, as shares of the best.</summary>
/// <param name="Greedy">The nearest pair first.</param>
/// <param name="Improved">After partners were exchanged as long as that helps.</param>
public sealed record MatchingExcess(double Greedy, double Improved);
