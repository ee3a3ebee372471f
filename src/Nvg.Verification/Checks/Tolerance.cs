namespace Nvg.Verification.Checks;

/// <summary>Allowed difference from a reference: |a − b| ≤ absolute + relative · |b|.</summary>
/// <param name="Relative">Tolerance relative to the reference.</param>
/// <param name="Absolute">Tolerance in units of the reference.</param>
internal readonly record struct Tolerance(double Relative, double Absolute)
{
    /// <summary>Values must be equal: labels, tokens, ids.</summary>
    internal static Tolerance Exact => default;
}
