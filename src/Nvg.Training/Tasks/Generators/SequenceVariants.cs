using Nvg.Data.Datasets;
using Nvg.Training.Optimization;

namespace Nvg.Training.Tasks.Generators;

/// <summary>
/// The variants in which every image is encoded: a centre crop and random crops, optionally also mirrored, and optionally in all
/// four quarter turns.
/// </summary>
/// <param name="Crops">Number of crops; the first is the centre.</param>
/// <param name="Mirrored">Whether every crop is also encoded mirrored.</param>
/// <param name="Seed">Seed of the random crops.</param>
/// <param name="Turned">Whether every crop is encoded in all four quarter turns.</param>
internal sealed record SequenceVariants(int Crops, bool Mirrored, ulong Seed, bool Turned = false)
{
    /// <summary>Number of variants.</summary>
    internal int Count => Upright * (Turned ? QuarterTurns.Count : 1);

    /// <summary>Identifies the encoded crops.</summary>
    internal string Key
    {
        get
        {
            string crops = Crops == 1 ? $"mirrored={Mirrored}" : $"mirrored={Mirrored} crops={Crops} seed={Seed}";
            return Turned ? crops + " turned=True" : crops;
        }
    }

    /// <summary>The variants of a run, in the orientations that its training uses.</summary>
    /// <param name="crops">Number of crops; null for the centre alone.</param>
    /// <param name="training">The run's settings.</param>
    internal static SequenceVariants Of(int? crops, TrainingOptions training) =>
        new(crops ?? 1, training.IsMirrored, training.Seed, training.IsTurned);

    private int Upright => Crops * (Mirrored ? 2 : 1);

    /// <summary>The crop of a variant.</summary>
    internal ImageCrop Crop(int example, int variant)
    {
        (int turns, int upright) = (variant / Upright, variant % Upright);
        (int crop, bool flip) = Mirrored ? (upright / 2, upright % 2 == 1) : (upright, false);
        if (crop == 0)
            return ImageCrop.Centre with { Flip = flip, Turns = turns };
        var random = new HostRandom(RandomSeed.Of(Seed, example, RandomStream.SequenceCrop, crop));
        return new ImageCrop(random.Next(), random.Next(), flip, Turns: turns);
    }

    /// <summary>The variant of an example that a step uses.</summary>
    internal int Draw(ulong seed, long step, int example) =>
        new HostRandom(RandomSeed.Of(seed, step, RandomStream.SequenceVariant, example)).Next(Count);
}
