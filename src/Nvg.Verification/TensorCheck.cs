namespace Nvg.Verification;

/// <summary>The comparison of one reference tensor with what this build computes.</summary>
/// <param name="Name">The tensor in the fixture, with what was looked at in brackets where that is a part of it.</param>
/// <param name="Shape">Sizes of the reference; empty where there is none.</param>
/// <param name="MaxAbsoluteError">Largest |a − b|; not a number or infinite where values are.</param>
/// <param name="MaxRelativeError">Largest |a − b| / |b| over references that are not zero.</param>
/// <param name="RelativeTolerance">Allowed share of |b|.</param>
/// <param name="AbsoluteTolerance">Allowed besides; both are zero where equality is asked for.</param>
/// <param name="Passed">Whether every number lies within the tolerance.</param>
/// <param name="Detail">Why it failed, in one line; null if it passed.</param>
public sealed record TensorCheck(
    string Name, IReadOnlyList<long> Shape, double MaxAbsoluteError, double MaxRelativeError,
    double RelativeTolerance, double AbsoluteTolerance, bool Passed, string? Detail)
{
    /// <summary>A comparison that could not be made, which counts as failed.</summary>
    internal static TensorCheck Impossible(string name, string detail) =>
        new(name, [], double.NaN, double.NaN, 0, 0, false, detail.ReplaceLineEndings(" "));
}
