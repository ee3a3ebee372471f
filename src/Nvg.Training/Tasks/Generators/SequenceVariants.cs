using Nvg.Data.Datasets;
using Nvg.Training.Optimization;

namespace Nvg.Training.Tasks.Generators;

/// <summary>The variants in which every image is encoded: a centre crop and random crops, each optionally mirrored as well.</summary>
/// <param name="Crops">Number of crops; the first is the centre.</param>
/// <param name="Mirrored">Whether every crop is also encoded mirrored.</param>
/// <param name="Seed">Seed of the random crops.</param>
internal sealed record SequenceVariants(int Crops, bool Mirrored, ulong Seed)
{
    /// <summary>Number of variants.</summary>
    internal int Count => Crops * (Mirrored ? 2 : 1);

    /// <summary>Identifies the encoded crops.</summary>
    internal string Key => Crops == 1 ? $"mirrored={Mirrored}" : $"mirrored={Mirrored} crops={Crops} seed={Seed}";

    /// <summary>The crop of a variant.</summary>
    internal ImageCrop Crop(int example, int variant)
    {
        (int crop, bool flip) = Mirrored ? (variant / 2, variant % 2 == 1) : (variant, false);
        if (crop == 0)
            return ImageCrop.Centre with { Flip = flip };
        var random = new HostRandom(RandomSeed.Of(Seed, example, RandomStream.SequenceCrop, crop));
        return new ImageCrop(random.Next(), random.Next(), flip);
    }

    /// <summary>The variant of an example that a step uses.</summary>
    internal int Draw(ulong seed, long step, int example) =>
        new HostRandom(RandomSeed.Of(seed, step, RandomStream.SequenceVariant, example)).Next(Count);
}
