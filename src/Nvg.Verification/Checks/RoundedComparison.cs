namespace Nvg.Verification.Checks;

/// <summary>How results with bfloat16 products are compared with references in float32.</summary>
internal static class RoundedComparison
{
    /// <summary>
    /// Allowed root of the mean squared error, relative to that of the reference. bfloat16 rounds each number by at most 2⁻⁹, and a
    /// result is the sum of many through several layers: on the CPU the largest error is 0.04. A wrong formula is off by about 1.
    /// </summary>
    internal const double Tolerance = 0.1;

    /// <summary>
    /// Whether a fixture is compared. Others hold discrete choices, which may fall otherwise after rounding, or networks so narrow that
    /// rounding dominates their gradients.
    /// </summary>
    /// <param name="kind">The file name without extension.</param>
    internal static bool Covers(string kind) => kind is "autoencoder" or "generator_train" or "dino_disc";
}
