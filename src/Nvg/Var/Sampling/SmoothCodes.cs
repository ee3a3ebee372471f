using Nvg.Sampling;
using Nvg.Torch;

namespace Nvg.Var.Sampling;

/// <summary>Soft mixtures of codes instead of drawn codes: a softmax with a temperature that decreases over the scales.</summary>
internal static class SmoothCodes
{
    private const double FirstTemperature = 0.27, Fall = 0.95, LowestTemperature = 0.005;

    /// <summary>Mixes the rows of the codebook.</summary>
    /// <param name="logits_BTV">Filtered logits: dropped codes are −∞ and do not contribute.</param>
    /// <param name="gumbel_BTV">Standard Gumbel noise.</param>
    /// <param name="position">Position of the scale between the first (0) and the last (1).</param>
    /// <param name="codebook_VC">The codebook.</param>
    /// <returns>B × T × C.</returns>
    internal static Tensor Mix(Tensor logits_BTV, Tensor gumbel_BTV, double position, Tensor codebook_VC)
    {
        using var scope = new TensorScope();
        double temperature = Math.Max(FirstTemperature * (1 - Fall * position), LowestTemperature);
        Tensor shares_BTV = ((logits_BTV * (1 + position) + gumbel_BTV) / temperature).Softmax(-1);
        return scope.Keep(shares_BTV.Matmul(codebook_VC));
    }

    /// <summary>Same as <see cref="Mix"/>, for logits that are not yet filtered.</summary>
    internal static Tensor MixFiltered(
        Tensor logits_BTV, int topK, double topP, Tensor gumbel_BTV, double position, Tensor codebook_VC)
    {
        using Tensor largest_BTV = TokenSampling.KeepTopK(logits_BTV, topK);
        using Tensor filtered_BTV = TokenSampling.KeepTopP(largest_BTV, topP);
        return Mix(filtered_BTV, gumbel_BTV, position, codebook_VC);
    }
}
