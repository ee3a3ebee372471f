using Nvg.Granularity;
using Nvg.Torch;

namespace Nvg.Conditioning;

/// <summary>
/// A split in which some positions have a given side. In the structure flow, these positions follow the straight line from their noise to
/// the given structure, so the other positions see the same kind of input as in an unconstrained flow. At the end, given positions take
/// their given side, and the other positions fill both sides by rank.
/// </summary>
/// <param name="Sides_BL">1 for child 2j + 1, 0 for child 2j, −1 where the side is not given.</param>
/// <param name="Structure_BLJ">
/// Given values of the unknown channels, beginning with this split's channel, in {−1, 0, 1}; 0 means not given.
/// </param>
internal sealed record GivenSplit(Tensor Sides_BL, Tensor Structure_BLJ)
{
    /// <summary>Collects the given parts of a split from sequences; the tensors belong to the innermost scope.</summary>
    /// <param name="stage">i, the stage that is split.</param>
    /// <param name="sequences">One per image.</param>
    /// <param name="device">Device of the tensors.</param>
    internal static GivenSplit Create(int stage, IReadOnlyList<PartialSequence> sequences, Device device)
    {
        using var scope = new TensorScope();
        LatentGrid grid = sequences[0].Grid;
        int channels = grid.LastStage - stage;
        long[] sides = new long[sequences.Count * grid.Length];
        float[] structure = new float[sides.Length * channels];
        for (int p = 0; p < sides.Length; p++)
        {
            (PartialSequence sequence, int position) = (sequences[p / grid.Length], p % grid.Length);
            sides[p] = sequence.Labels(stage + 1)[position] is var label and >= 0 ? label & 1 : PartialSequence.Unknown;
            for (int j = 0; j < channels; j++)
                structure[p * channels + j] = sequence.Labels(stage + 1 + j)[position] is var later and >= 0 ? 2 * (later & 1) - 1 : 0;
        }

        return new GivenSplit(
            scope.Keep(Tensor.From(sides, sequences.Count, grid.Length).To(device)),
            scope.Keep(Tensor.From(structure, sequences.Count, grid.Length, channels).To(device)));
    }

    /// <summary>The scores with ±∞ at the given positions, so that these positions take their given sides.</summary>
    internal Tensor Constrain(Tensor scores_BL)
    {
        using var scope = new TensorScope();
        return scope.Keep(scores_BL
            .MaskedFill(Sides_BL.IsEqual(1), double.PositiveInfinity)
            .MaskedFill(Sides_BL.IsEqual(0), double.NegativeInfinity));
    }

    /// <summary>Moves the given channels of a flow point onto their straight lines.</summary>
    /// <param name="point_BLJ">The point that the flow has reached.</param>
    /// <param name="noise_BLJ">The starting point of the flow.</param>
    /// <param name="time">t; 1 is noise.</param>
    internal Tensor PlaceOnLines(Tensor point_BLJ, Tensor noise_BLJ, double time)
    {
        using var scope = new TensorScope();
        return scope.Keep(Structure_BLJ.IsEqual(0).Where(point_BLJ, noise_BLJ * time + Structure_BLJ * (1 - time)));
    }
}
