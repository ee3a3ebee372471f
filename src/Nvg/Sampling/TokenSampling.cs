using Nvg.Torch;

namespace Nvg.Sampling;

/// <summary>Draws tokens from logits with temperature, top-k and top-p (paper, appendix A.6; docs/method.md, section 7).</summary>
/// <remarks>Shapes: B images, N clusters, V codes.</remarks>
public static class TokenSampling
{
    /// <summary>Sets all but the k largest logits of the last dimension to −∞; ties with the k-th are kept.</summary>
    public static Tensor KeepTopK(Tensor logits, int k)
    {
        if (k <= 0 || k >= logits.Size(-1))
            return logits.Alias();
        using var scope = new TensorScope();
        Tensor threshold = logits.TopK(k, -1).Values.Narrow(-1, k - 1, 1);
        return scope.Keep(logits.MaskedFill(logits.IsLess(threshold), double.NegativeInfinity));
    }

    /// <summary>
    /// Sets all logits to −∞ except the most likely ones, up to and including the first that crosses cumulative probability p.
    /// </summary>
    public static Tensor KeepTopP(Tensor logits, double p)
    {
        if (p >= 1)
            return logits.Alias();
        using var scope = new TensorScope();
        (Tensor sorted, Tensor indices) = logits.Sort(-1, descending: true);
        Tensor probabilities = sorted.Softmax(-1);
        Tensor before = probabilities.CumulativeSum(-1) - probabilities;
        Tensor kept = sorted.MaskedFill(before.IsGreater(p), double.NegativeInfinity);
        return scope.Keep(Tensor.ZerosLike(logits).Scatter(-1, indices, kept));
    }

    /// <summary>Draws one token per row by inverting the cumulative distribution at given uniform numbers.</summary>
    /// <param name="logits_BNV">Logits after guidance.</param>
    /// <param name="uniform_BN">Uniform numbers in [0, 1), one per cluster, so that a draw depends only on its own image.</param>
    /// <param name="temperature">Divides the logits.</param>
    /// <param name="topK">0 for all, 1 for the most likely.</param>
    /// <param name="topP">1 for all.</param>
    /// <returns>Codebook indices, B × N.</returns>
    public static Tensor Draw(Tensor logits_BNV, Tensor uniform_BN, double temperature, int topK, double topP)
    {
        if (topK == 1)
            return logits_BNV.ArgMax(-1);
        using var scope = new TensorScope();
        Tensor filtered = KeepTopP(KeepTopK(logits_BNV / temperature, topK), topP);
        // Computed in float64, so that rounding of the sum over a large codebook can never make a removed token selectable.
        Tensor cumulative_BNV = filtered.To(ScalarType.Float64).Softmax(-1).CumulativeSum(-1);
        Tensor total_BN1 = cumulative_BNV.Narrow(-1, logits_BNV.Size(-1) - 1, 1);
        Tensor target_BN1 = uniform_BN.To(ScalarType.Float64).Unsqueeze(-1) * total_BN1;
        return scope.Keep(cumulative_BNV.IsLessOrEqual(target_BN1).Sum(-1));
    }
}
