namespace Nvg.Verification;

/// <summary>How far a number may lie from its reference: |a − b| ≤ absolute + relative · |b|.</summary>
/// <param name="Relative">Share of the reference.</param>
/// <param name="Absolute">In the unit of the reference.</param>
internal readonly record struct Tolerance(double Relative, double Absolute)
{
    /// <summary>Every number must be the reference itself: labels, tokens, ids.</summary>
    internal static Tolerance Exact => default;
}
