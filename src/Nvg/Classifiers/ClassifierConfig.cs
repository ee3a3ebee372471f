namespace Nvg.Classifiers;

/// <summary>Sizes of an <see cref="ImageClassifier"/>.</summary>
public sealed record ClassifierConfig
{
    /// <summary>Side of the square images, in pixels.</summary>
    public required int ImageSize { get; init; }

    /// <summary>Filters of the whitening layer: pairs of a direction and its negative.</summary>
    public int WhiteningChannels { get; init; } = 32;

    /// <summary>Width of each block; every block halves the image, the last width is that of the features.</summary>
    public required IReadOnlyList<int> BlockChannels { get; init; }

    /// <summary>Number of classes.</summary>
    public required int ClassCount { get; init; }

    /// <summary>Numbers that describe an image.</summary>
    public int FeatureCount => BlockChannels[^1];

    /// <summary>Everything that is wrong with the settings; empty if nothing is.</summary>
    public IEnumerable<string> Validate()
    {
        if (BlockChannels.Count == 0 || BlockChannels.Any(width => width < 1))
            yield return "blockChannels must name at least one block, each at least 1 wide";
        else if (ImageSize < 1 || ImageSize % (1 << BlockChannels.Count) != 0)
            yield return $"imageSize {ImageSize} must be a multiple of {1 << BlockChannels.Count}, as every block halves it";
        if (WhiteningChannels < 2 || WhiteningChannels % 2 != 0 || WhiteningChannels > PatchWhitening.MostFilters)
            yield return $"whiteningChannels must be even and lie between 2 and {PatchWhitening.MostFilters}";
        if (ClassCount < 2)
            yield return "classCount must be at least 2";
    }
}
