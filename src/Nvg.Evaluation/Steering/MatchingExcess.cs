namespace Nvg.Evaluation.Steering;

/// <summary>Cost of pairings in excess of the optimal pairing, relative to the optimum.</summary>
/// <param name="Greedy">Greedy pairing, nearest pair first.</param>
/// <param name="Improved">Pairing improved by exchanging partners.</param>
public sealed record MatchingExcess(double Greedy, double Improved);
