using Nvg.Tokenizers.Layers;

namespace Nvg.Var.Tokenizers;

/// <summary>Sizes and settings of a multi-scale quantized autoencoder.</summary>
public sealed record VarTokenizerConfig : IAutoencoderSizes
{
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

    /// <summary>Side of each token map, increasing; the last is the side of the latent.</summary>
    public required IReadOnlyList<int> Scales { get; init; }

    /// <summary>Number of refiners that the scales share; 4 in the published models.</summary>
    public int Refiners { get; init; } = 4;

    /// <summary>Share of the convolution in a refiner (ρ); 0.5 in the published models.</summary>
    public double RefinerShare { get; init; } = 0.5;

    /// <summary>Weight of the commitment term; 0.25 in the published models.</summary>
    public double CommitmentWeight { get; init; } = 0.25;

    /// <summary>Groups of the group normalisations; 32 in the published models.</summary>
    public int NormGroups { get; init; } = 32;

    /// <summary>Downsampling factor (f) from image to latent.</summary>
    public int DownsamplingFactor => 1 << (ChannelMultipliers.Count - 1);

    /// <summary>Side of the square images, in pixels.</summary>
    public int ImageSize => Scales[^1] * DownsamplingFactor;

    /// <summary>The scales.</summary>
    internal ScaleSequence Sequence => new(Scales);

    /// <summary>All problems of the settings; empty if they are valid.</summary>
    public IEnumerable<string> Validate()
    {
        if (ScaleSequence.ProblemWith(Scales) is { } problem)
            yield return problem;
        if (ChannelMultipliers.Count == 0 || ChannelMultipliers.Any(m => m < 1))
            yield return "channelMultipliers must name at least one level, each at least 1";
        if (NormGroups < 1 || BaseChannels < 1 || BaseChannels % NormGroups != 0)
            yield return $"baseChannels {BaseChannels} must be a multiple of normGroups {NormGroups}";
        if (LatentChannels < 1 || CodebookSize < 2 || ResNetBlocks < 1 || Refiners < 1)
            yield return "latentChannels, codebookSize, resNetBlocks and refiners must be positive (codebookSize at least 2)";
        if (RefinerShare is not (>= 0 and <= 1) || CommitmentWeight < 0)
            yield return "refinerShare must be in [0, 1]; commitmentWeight must not be negative";
    }
}
