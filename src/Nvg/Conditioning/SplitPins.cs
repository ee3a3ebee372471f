using Nvg.Granularity;
using Nvg.Torch;

namespace Nvg.Conditioning;

/// <summary>
/// Positions whose side of a split is given while others' is not. In the flow they travel their own straight line from noise
/// to the structure that is given, so that the others see them as they would have been; at the end they take their side, and
/// the others fill up both sides by rank.
/// </summary>
/// <param name="Sides_BL">1 for child 2j + 1, 0 for child 2j, −1 where it is not given.</param>
/// <param name="Structure_BLJ">What is given of the unknown channels, from that of this split on, in {−1, 0, 1}; 0 where nothing is.</param>
internal sealed record SplitPins(Tensor Sides_BL, Tensor Structure_BLJ)
{
    /// <summary>What sequences give of a split; the tensors belong to the innermost scope.</summary>
    /// <param name="stage">i, the stage that is split.</param>
    /// <param name="sequences">The images.</param>
    /// <param name="device">Where to.</param>
    internal static SplitPins Of(int stage, PartialSequence[] sequences, Device device)
    {
        using var scope = new TensorScope();
        LatentGrid grid = sequences[0].Grid;
        int channels = grid.LastStage - stage;
        long[] sides = new long[sequences.Length * grid.Length];
        float[] structure = new float[sides.Length * channels];
        for (int p = 0; p < sides.Length; p++)
        {
            (PartialSequence sequence, int position) = (sequences[p / grid.Length], p % grid.Length);
            sides[p] = sequence.Labels(stage + 1)[position] is var label and >= 0 ? label & 1 : PartialSequence.Unknown;
            for (int j = 0; j < channels; j++)
                structure[p * channels + j] = sequence.Labels(stage + 1 + j)[position] is var later and >= 0 ? 2 * (later & 1) - 1 : 0;
        }

        return new SplitPins(
            scope.Keep(Tensor.From(sides, sequences.Length, grid.Length).To(device)),
            scope.Keep(Tensor.From(structure, sequences.Length, grid.Length, channels).To(device)));
    }

    /// <summary>Scores by which the given positions take their sides.</summary>
    internal Tensor Rank(Tensor scores_BL)
    {
        using var scope = new TensorScope();
        return scope.Keep(scores_BL.MaskedFill(Sides_BL.IsEqual(1), double.PositiveInfinity).MaskedFill(Sides_BL.IsEqual(0), double.NegativeInfinity));
    }

    /// <summary>The moving point with the given channels where they are at a time.</summary>
    /// <param name="moving_BLJ">Where the flow has come to.</param>
    /// <param name="noise_BLJ">Where it began.</param>
    /// <param name="time">t; 1 is noise.</param>
    internal Tensor Place(Tensor moving_BLJ, Tensor noise_BLJ, double time)
    {
        using var scope = new TensorScope();
        return scope.Keep(Structure_BLJ.IsEqual(0).Where(moving_BLJ, noise_BLJ * time + Structure_BLJ * (1 - time)));
    }
}
