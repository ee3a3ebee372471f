using Nvg.Torch;

namespace Nvg.Granularity;

/// <summary>
/// Embeds structure maps as K channels per position in {0, 1, 2}: the known bits of the label (most significant first) as 0 or 2, and bits
/// of later stages as 1. A child inherits its parent's channels and adds one known channel (paper, appendix A.3; docs/method.md, section
/// 3.3).
/// </summary>
public static class StructureEmbedding
{
    /// <summary>Embeds the labels of one stage.</summary>
    /// <param name="labels">… × L labels in [0, 2^stage).</param>
    /// <param name="stage">The stage (i); the first i channels are known.</param>
    /// <param name="lastStage">Last stage (K), which is the number of channels.</param>
    /// <returns>… × L × K, float32.</returns>
    public static Tensor Embed(Tensor labels, int stage, int lastStage)
    {
        using var scope = new TensorScope();
        var channels = new Tensor[lastStage];
        for (int j = 0; j < lastStage; j++)
        {
            channels[j] = j < stage
                ? labels.FloorDivide(1L << (stage - 1 - j)).Remainder(2) * 2
                : Tensor.Full(labels.Shape.ToArray(), 1, ScalarType.Int64, labels.Device);
        }

        Tensor stacked = channels.Length > 0
            ? Tensor.Stack(channels, -1)
            : Tensor.Empty([.. labels.Shape, 0], device: labels.Device);
        return scope.Keep(stacked.To(ScalarType.Float32));
    }

    /// <summary>Embeds all stages from the finest labels; the labels of earlier stages are right shifts of these.</summary>
    /// <param name="finest_BL">Labels of the last stage.</param>
    /// <param name="lastStage">Last stage (K).</param>
    /// <returns>B × (K + 1) × L × K, float32.</returns>
    public static Tensor EmbedAll(Tensor finest_BL, int lastStage)
    {
        using var scope = new TensorScope();
        var stages = new Tensor[lastStage + 1];
        for (int i = 0; i <= lastStage; i++)
            stages[i] = Embed(finest_BL.FloorDivide(1L << (lastStage - i)), i, lastStage);
        return scope.Keep(Tensor.Stack(stages, 1));
    }

    /// <summary>Recovers the labels from an embedding: s = Σ e_j · 2^(i−2−j) over the known channels.</summary>
    /// <param name="embedding">… × L × K.</param>
    /// <param name="stage">The stage (i) of the embedding.</param>
    /// <returns>… × L, 64-bit.</returns>
    public static Tensor Labels(Tensor embedding, int stage)
    {
        using var scope = new TensorScope();
        double[] weights = [.. Enumerable.Range(0, (int)embedding.Size(-1)).Select(j => j < stage ? Math.Pow(2, stage - 2 - j) : 0)];
        Tensor weighted = embedding * Tensor.From(Array.ConvertAll(weights, w => (float)w), weights.Length).Send(embedding.Device);
        return scope.Keep((weighted.Sum(-1) + 0.5).Floor().To(ScalarType.Int64));
    }
}
