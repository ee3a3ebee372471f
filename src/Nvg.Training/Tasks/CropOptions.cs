using Nvg.Data.Datasets;
using Nvg.Training.Optimization;

namespace Nvg.Training.Tasks;

/// <summary>How training squares are cut out of images.</summary>
public sealed record CropOptions
{
    /// <summary>The least length of an image's shorter side in squares, where data hold image files; chosen at random up to the largest.</summary>
    public double SmallestZoom { get; init; } = ImageCrop.UsualZoom;

    /// <summary>The greatest length; equal to the smallest for one scale.</summary>
    public double LargestZoom { get; init; } = ImageCrop.UsualZoom;

    /// <summary>Everything that is wrong with the settings; empty if nothing is.</summary>
    public IEnumerable<string> Validate()
    {
        if (!(SmallestZoom >= 1 && SmallestZoom <= LargestZoom && LargestZoom <= 8))
            yield return "crop: smallestZoom must lie between 1 and largestZoom, which must be at most 8";
    }

    /// <summary>The square of an example in a step: it follows from seed, step and example, not from the batch around them.</summary>
    internal ImageCrop Draw(ulong seed, long step, int example, bool flip)
    {
        var random = new HostRandom(DataOrder.Mix(DataOrder.Mix(seed, step, purpose: 2), example));
        return new ImageCrop(random.Next(), random.Next(), random.Next() < 0.5 && flip, SmallestZoom + (LargestZoom - SmallestZoom) * random.Next());
    }
}
