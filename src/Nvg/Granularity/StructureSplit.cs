using Nvg.Torch;

namespace Nvg.Granularity;

/// <summary>
/// Splits every cluster of a stage into two equal halves by a score per position (paper, section 2.2.1; docs/method.md,
/// section 6.3).
/// </summary>
public static class StructureSplit
{
    /// <summary>The upper half of each cluster by score becomes child 2j + 1, the rest 2j.</summary>
    /// <param name="labels_BL">Labels of stage i.</param>
    /// <param name="scores_BL">One score per position. In a tie, the lower position ranks higher.</param>
    /// <param name="clusterCount">2^i.</param>
    /// <returns>Labels of stage i + 1, B × L.</returns>
    public static Tensor ByScore(Tensor labels_BL, Tensor scores_BL, int clusterCount)
    {
        using var scope = new TensorScope();
        long batch = labels_BL.Size(0), length = labels_BL.Size(1), half = length / clusterCount / 2;
        // Two stable sorts order positions by label and, within a label, by descending score.
        Tensor byScore_BL = scores_BL.Sort(1, descending: true).Indices;
        Tensor byLabel_BL = labels_BL.Gather(1, byScore_BL).Sort(1).Indices;
        Tensor order_BL = byScore_BL.Gather(1, byLabel_BL);
        Tensor upperFirst_L = Tensor.Arange(0, length, 1, ScalarType.Int64, labels_BL.Device).FloorDivide(half).Remainder(2);
        Tensor bits_BL = (1 - upperFirst_L).Unsqueeze(0).Expand(batch, length).Contiguous();
        Tensor placed_BL = Tensor.ZerosLike(labels_BL).Scatter(1, order_BL, bits_BL);
        return scope.Keep(labels_BL * 2 + placed_BL);
    }

    /// <summary>
    /// The scores that rank positions: the predicted channel clamped to [−1, 1], shifted to [0, 2] and normalised within its cluster, so
    /// that saturated values tie. With noise, the scores are their logarithms plus Gumbel noise, which samples without replacement.
    /// </summary>
    /// <param name="labels_BL">Labels of stage i.</param>
    /// <param name="channel_BL">The channel that the structure generator predicts for this split.</param>
    /// <param name="clusterCount">2^i.</param>
    /// <param name="gumbel_BL">Standard Gumbel noise, or null to rank without noise.</param>
    /// <returns>B × L.</returns>
    public static Tensor Scores(Tensor labels_BL, Tensor channel_BL, int clusterCount, Tensor? gumbel_BL)
    {
        using var scope = new TensorScope();
        Tensor shifted_BL = channel_BL.Clamp(-1, 1) + 1;
        Tensor sums_BN = Tensor.Zeros([labels_BL.Size(0), clusterCount], device: labels_BL.Device).ScatterAdd(1, labels_BL, shifted_BL);
        // The sum is zero if all values of a cluster are −1 or less; its scores then stay equal.
        Tensor probabilities_BL = shifted_BL / sums_BN.Clamp(1e-20, null).Gather(1, labels_BL);
        return scope.Keep(gumbel_BL is null ? probabilities_BL : probabilities_BL.Clamp(1e-20, null).Log() + gumbel_BL);
    }
}
