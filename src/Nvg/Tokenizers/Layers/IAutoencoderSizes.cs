namespace Nvg.Tokenizers.Layers;

/// <summary>Sizes of an encoder–decoder pair, for any method.</summary>
internal interface IAutoencoderSizes
{
    /// <summary>Channels of the first level.</summary>
    int BaseChannels { get; }

    /// <summary>Channels of each level as multiples of the base. All levels but the last halve the resolution.</summary>
    IReadOnlyList<int> ChannelMultipliers { get; }

    /// <summary>ResNet blocks per encoder level; a decoder level has one more.</summary>
    int ResNetBlocks { get; }

    /// <summary>Latent channels (C).</summary>
    int LatentChannels { get; }
}
