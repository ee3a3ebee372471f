namespace Nvg.Verification.Checks;

/// <summary>Allowed difference from a reference: |a − b| ≤ absolute + relative · |b|.</summary>
/// <param name="Relative">Relative to the reference.</param>
/// <param name="Absolute">In units of the reference.</param>
internal readonly record struct Tolerance(double Relative, double Absolute)
{
    /// <summary>Values must be equal: labels, tokens, ids.</summary>
    internal static Tolerance Exact => default;
}
