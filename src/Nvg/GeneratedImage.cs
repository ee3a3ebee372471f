using Nvg.Conditioning;
using Nvg.Granularity;
using Nvg.Imaging;
using Nvg.Methods;
using Nvg.Previews;
using Nvg.Sampling;

namespace Nvg;

/// <summary>A generated image. Holds no tensors and needs no disposal.</summary>
public sealed record GeneratedImage : IGeneratedImage
{
    /// <summary>The request for it.</summary>
    public required ImageRequest Request { get; init; }

    /// <summary>Class number.</summary>
    public required int Class { get; init; }

    /// <summary>Class name.</summary>
    public required string Label { get; init; }

    /// <summary>The pixels. Outside a regenerated region, these are the pixels of the kept image.</summary>
    public required RgbImage Image { get; init; }

    /// <summary>Its structure maps and tokens, complete.</summary>
    public required PartialSequence Sequence { get; init; }

    /// <summary>The settings it was drawn with.</summary>
    public required SamplingOptions Options { get; init; }

    /// <summary>Number of images it was computed together with, itself included.</summary>
    public required int Batch { get; init; }

    /// <summary>The image after every stage; empty unless requested.</summary>
    public required IReadOnlyList<StageImage> Stages { get; init; }

    /// <summary>Number of content tokens that were drawn instead of given: at most 2 L − 1 for L positions.</summary>
    public int DrawnTokens
    {
        get
        {
            LatentGrid grid = Sequence.Grid;
            if (Request.AllGiven is not { } given)
                return LatentGrid.TokenCount(grid.LastStage);
            int drawn = 0;
            for (int stage = 0; stage < grid.StageCount; stage++)
            {
                int[] labels = Sequence.Labels(stage).ToArray(), tokens = given.Tokens(stage).ToArray();
                drawn += labels.Where((_, l) => tokens[l] == PartialSequence.Unknown).Distinct().Count();
            }

            return drawn;
        }
    }

    /// <inheritdoc/>
    ulong IGeneratedImage.Seed => Request.Seed;

    /// <inheritdoc/>
    string? IGeneratedImage.Variant => Request.Variant;

    /// <summary>Writes the pixels to a file, completely or not at all. The file name extension determines the format.</summary>
    /// <param name="path">A name ending in .png, .jpg, .jpeg, .webp or .gif.</param>
    /// <exception cref="ArgumentException">The name ends in none of these.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(string path) => Image.Save(path);
}
