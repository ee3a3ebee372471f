namespace Nvg.Verification;

/// <summary>What came of one fixture: its inputs and parameters apart, every tensor is in one of the two lists.</summary>
/// <param name="File">File name without folder.</param>
/// <param name="Checks">Comparisons, in the order they were made.</param>
/// <param name="NotCovered">Tensors that nothing was compared with.</param>
public sealed record FixtureReport(string File, IReadOnlyList<TensorCheck> Checks, IReadOnlyList<UncoveredTensor> NotCovered)
{
    /// <summary>Comparisons within tolerance.</summary>
    public int Passed => Checks.Count(c => c.Passed);

    /// <summary>Comparisons out of tolerance or impossible.</summary>
    public int Failed => Checks.Count - Passed;
}
