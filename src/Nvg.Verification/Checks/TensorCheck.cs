namespace Nvg.Verification.Checks;

/// <summary>Comparison of one reference tensor with the value computed by this build.</summary>
/// <param name="Name">Name of the tensor in the fixture, followed by the compared part in parentheses if only a part is compared.</param>
/// <param name="Shape">Shape of the reference; empty if there is none.</param>
/// <param name="MaxAbsoluteError">Largest |a − b|; NaN or infinite if values are.</param>
/// <param name="MaxRelativeError">Largest |a − b| / |b| over nonzero references.</param>
/// <param name="RelativeTolerance">Allowed error relative to |b|.</param>
/// <param name="AbsoluteTolerance">Additional allowed error; both are zero if values must be equal.</param>
/// <param name="Passed">Whether every value is within the tolerance.</param>
/// <param name="Detail">One-line reason for a failure; null if it passed.</param>
public sealed record TensorCheck(
    string Name, IReadOnlyList<long> Shape, double MaxAbsoluteError, double MaxRelativeError,
    double RelativeTolerance, double AbsoluteTolerance, bool Passed, string? Detail)
{
    /// <summary>Creates a comparison that could not be made, which counts as a failure.</summary>
    internal static TensorCheck Impossible(string name, string detail) =>
        new(name, [], double.NaN, double.NaN, 0, 0, false, detail.ReplaceLineEndings(" "));
}
