namespace Nvg.Verification.Checks;

/// <summary>Rules for comparing results with bfloat16 products against float32 references.</summary>
internal static class RoundedComparison
{
    /// <summary>
    /// Allowed root mean squared error, relative to the root mean square of the reference. bfloat16 rounds each number by at most 2⁻⁹, and
    /// results are sums of many numbers over several layers. On the CPU, the largest error is 0.04; a wrong formula gives an error of about
    /// 1.
    /// </summary>
    internal const double Tolerance = 0.1;

    /// <summary>
    /// Whether a fixture is compared. Other fixtures contain discrete choices, which may change due to rounding, or networks so narrow that
    /// rounding dominates their gradients.
    /// </summary>
    /// <param name="kind">The file name without extension.</param>
    internal static bool Covers(string kind) => kind is "autoencoder" or "generator_train" or "dino_disc";
}
