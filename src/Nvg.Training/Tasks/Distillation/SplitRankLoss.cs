using Nvg.Granularity;
using Nvg.Torch;

namespace Nvg.Training.Tasks.Distillation;

/// <summary>
/// A loss on the split itself. Sampling uses a predicted channel only to find the half of each cluster that ranks higher.
/// Therefore every position is classified by its distance from the middle of its cluster, with the teacher's side as the target.
/// </summary>
/// <remarks>Shapes: B images of one stage, L positions.</remarks>
internal static class SplitRankLoss
{
    // Channels are between −1 and 1, so a position at the end of the range is classified with a probability of 0.98.
    private const double Sharpness = 4;

    /// <summary>Mean binary cross-entropy of the sides; differentiable in the predicted channel.</summary>
    /// <param name="labels_BL">Labels of the stage that is split.</param>
    /// <param name="channel_BL">The predicted channel.</param>
    /// <param name="sides_BL">1 for positions in the upper half, otherwise 0; float32.</param>
    /// <param name="clusterCount">2^i.</param>
    internal static Tensor Compute(Tensor labels_BL, Tensor channel_BL, Tensor sides_BL, int clusterCount)
    {
        using var scope = new TensorScope();
        Tensor distance_BL = (channel_BL - Middle(labels_BL, channel_BL, clusterCount)) * Sharpness;
        return scope.Keep(Functional.Softplus(distance_BL * (1.0 - sides_BL * 2)).Mean());
    }

    /// <summary>The sides into which a channel splits clusters, as in sampling: 1 for the upper half, otherwise 0.</summary>
    internal static Tensor Sides(Tensor labels_BL, Tensor channel_BL, int clusterCount)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        Tensor scores_BL = StructureSplit.Scores(labels_BL, channel_BL, clusterCount, null);
        return scope.Keep(StructureSplit.ByScore(labels_BL, scores_BL, clusterCount).Remainder(2).To(ScalarType.Float32));
    }

    // Halfway between the two values at the middle of each cluster, without gradients.
    private static Tensor Middle(Tensor labels_BL, Tensor channel_BL, int clusterCount)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        long images = labels_BL.Size(0), members = labels_BL.Size(1) / clusterCount;
        Tensor byValue_BL = channel_BL.Detach().Sort(1).Indices;
        Tensor byLabel_BL = byValue_BL.Gather(1, labels_BL.Gather(1, byValue_BL).Sort(1).Indices);
        Tensor sorted_BNM = channel_BL.Detach().Gather(1, byLabel_BL).Reshape(images, clusterCount, members);
        Tensor middle_BN = (sorted_BNM.Select(2, members / 2 - 1) + sorted_BNM.Select(2, members / 2)) * 0.5;
        return scope.Keep(middle_BN.Gather(1, labels_BL));
    }
}
