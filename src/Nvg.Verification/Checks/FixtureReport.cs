namespace Nvg.Verification.Checks;

/// <summary>Result of one fixture. Every tensor except inputs and parameters is in one of the two lists.</summary>
/// <param name="File">File name without folder.</param>
/// <param name="Checks">Comparisons in the order of execution.</param>
/// <param name="NotCovered">Tensors that were not compared.</param>
public sealed record FixtureReport(string File, IReadOnlyList<TensorCheck> Checks, IReadOnlyList<UncoveredTensor> NotCovered)
{
    /// <summary>Number of comparisons within tolerance.</summary>
    public int Passed => Checks.Count(c => c.Passed);

    /// <summary>Number of comparisons that are out of tolerance or impossible.</summary>
    public int Failed => Checks.Count - Passed;
}
