using Nvg.Data.Datasets;
using Nvg.Training.Optimization;

namespace Nvg.Training.Tasks;

/// <summary>How training crops are taken from images.</summary>
public sealed record CropOptions
{
    /// <summary>
    /// Smallest length of an image's shorter side, in multiples of the crop; drawn uniformly up to the largest. Needs a data set of image
    /// files.
    /// </summary>
    public double SmallestZoom { get; init; } = ImageCrop.UsualZoom;

    /// <summary>Largest length; equal to the smallest for a single scale.</summary>
    public double LargestZoom { get; init; } = ImageCrop.UsualZoom;

    /// <summary>All problems with the settings; empty if there are none.</summary>
    public IEnumerable<string> Validate()
    {
        if (!(SmallestZoom >= 1 && SmallestZoom <= LargestZoom && LargestZoom <= 8))
            yield return "crop: smallestZoom must be between 1 and largestZoom, which must be at most 8";
    }

    /// <summary>The crop of an example in a step. It depends only on seed, step and example, and not on the batch.</summary>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="step">Step, from 0.</param>
    /// <param name="example">Index of the image.</param>
    /// <param name="flip">Whether crops are randomly mirrored.</param>
    /// <param name="turn">Whether crops are randomly rotated by quarter turns.</param>
    internal ImageCrop Draw(ulong seed, long step, int example, bool flip, bool turn = false)
    {
        var random = new HostRandom(RandomSeed.Of(seed, step, RandomStream.Crop, example));
        double left = random.Next(), top = random.Next();
        bool mirrored = random.Next() < 0.5 && flip;
        double zoom = SmallestZoom + (LargestZoom - SmallestZoom) * random.Next();
        return new ImageCrop(left, top, mirrored, zoom, turn ? random.Next(QuarterTurns.Count) : 0);
    }
}
