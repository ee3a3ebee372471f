using Nvg.Data.Datasets;
using Nvg.Training.Optimization;

namespace Nvg.Training.Tasks.Generators;

/// <summary>Ways in which every image is encoded: its centre and random squares, each plain and mirrored.</summary>
/// <param name="Crops">Squares, of which the first is the centre.</param>
/// <param name="Mirrored">Whether every square is encoded mirrored too.</param>
/// <param name="Seed">Decides where the random squares lie.</param>
internal sealed record SequenceVariants(int Crops, bool Mirrored, ulong Seed)
{
    /// <summary>Number of variants.</summary>
    internal int Count => Crops * (Mirrored ? 2 : 1);

    /// <summary>Identifies the encoded squares.</summary>
    internal string Key => Crops == 1 ? $"mirrored={Mirrored}" : $"mirrored={Mirrored} crops={Crops} seed={Seed}";

    /// <summary>What a variant looks at.</summary>
    internal ImageCrop Crop(int example, int variant)
    {
        (int crop, bool flip) = Mirrored ? (variant / 2, variant % 2 == 1) : (variant, false);
        if (crop == 0)
            return ImageCrop.Centre with { Flip = flip };
        var random = new HostRandom(DataOrder.Mix(DataOrder.Mix(Seed, example, purpose: 5), crop));
        return new ImageCrop(random.Next(), random.Next(), flip);
    }

    /// <summary>The variant of an example that a step takes.</summary>
    internal int Draw(ulong seed, long step, int example) =>
        new HostRandom(DataOrder.Mix(DataOrder.Mix(seed, step, purpose: 6), example)).Next(Count);
}
