using System.Text.Json.Serialization;
using Nvg.Granularity;
using Nvg.Granularity.Construction;
using Nvg.Tokenizers.Layers;

namespace Nvg.Tokenizers;

/// <summary>Sizes and settings of a multi-granularity quantized autoencoder.</summary>
public sealed record TokenizerConfig : IAutoencoderSizes
{
    /// <summary>Side of the square images, in pixels.</summary>
    public required int ImageSize { get; init; }

    /// <summary>Channels of the first level.</summary>
    public required int BaseChannels { get; init; }

    /// <summary>Channels of each level as multiples of the base. All levels but the last halve the resolution.</summary>
    public required IReadOnlyList<int> ChannelMultipliers { get; init; }

    /// <summary>ResNet blocks per encoder level; a decoder level has one more.</summary>
    public int ResNetBlocks { get; init; } = 2;

    /// <summary>Latent channels (C).</summary>
    public required int LatentChannels { get; init; }

    /// <summary>Codebook size (V).</summary>
    public required int CodebookSize { get; init; }

    /// <summary>Weight of the refiners' convolutions; 0.5 in the paper's models.</summary>
    public double RefinerWeight { get; init; } = 0.5;

    /// <summary>Weight of the commitment term; 0.25 in the paper's models.</summary>
    public double CommitmentWeight { get; init; } = 0.25;

    /// <summary>Groups of the group normalisations; 32 in the paper's models.</summary>
    public int NormGroups { get; init; } = 32;

    /// <summary>
    /// How structure maps are found; null for greedy clustering, as in the paper. Generators learn the structure that their tokenizer
    /// produces.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public StructureStrategyConfig? Structure { get; init; }

    /// <summary>Downsampling factor (f) from image to latent.</summary>
    public int DownsamplingFactor => 1 << (ChannelMultipliers.Count - 1);

    /// <summary>The latent grid of an image of <see cref="ImageSize"/>.</summary>
    public LatentGrid Grid => new(ImageSize / DownsamplingFactor, ImageSize / DownsamplingFactor);

    /// <summary>All problems of the settings; empty if they are valid.</summary>
    public IEnumerable<string> Validate()
    {
        if (ChannelMultipliers.Count == 0 || ChannelMultipliers.Any(m => m < 1))
            yield return "channelMultipliers must name at least one level, each at least 1";
        else if (ImageSize < 1 || ImageSize % DownsamplingFactor != 0 || !int.IsPow2(ImageSize / DownsamplingFactor))
            yield return $"imageSize {ImageSize} divided by {DownsamplingFactor} must be a power of two: take {SizesAround(ImageSize)}";
        if (NormGroups < 1 || BaseChannels < 1 || BaseChannels % NormGroups != 0)
            yield return $"baseChannels {BaseChannels} must be a multiple of normGroups {NormGroups}";
        if (LatentChannels < 1 || CodebookSize < 2 || ResNetBlocks < 1)
            yield return "latentChannels, codebookSize and resNetBlocks must be positive (codebookSize at least 2)";
        foreach (string problem in Structure?.Validate() ?? [])
            yield return problem;
    }

    // The nearest image sizes that these levels support.
    private string SizesAround(int size)
    {
        int below = DownsamplingFactor << int.Log2(Math.Max(1, size / DownsamplingFactor));
        return $"{below} or {2 * below}";
    }
}
