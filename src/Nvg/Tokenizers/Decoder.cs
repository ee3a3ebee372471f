using Nvg.Tokenizers.Layers;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tokenizers;

/// <summary>
/// Maps latents to images: mirrors the encoder, with one more ResNet block per level and nearest-neighbour upsampling
/// (docs/method.md, section 3.1). Shared by all methods, which differ in their layers (<see cref="AutoencoderLayers"/>).
/// </summary>
public sealed class Decoder
{
    private readonly Conv2d _convIn;
    private readonly MiddleBlocks _middle;
    private readonly List<ResNetLevel> _levels = [];
    private readonly OutputLayer _output;

    /// <summary>Creates or loads the parameters of NVG's decoder below <paramref name="path"/>.</summary>
    public Decoder(ParameterPath path, TokenizerConfig config) : this(path, config, new GranularityLayers(config.NormGroups))
    {
    }

    /// <summary>Creates or loads the parameters of a method's decoder.</summary>
    /// <param name="path">Path of the decoder.</param>
    /// <param name="sizes">Its sizes.</param>
    /// <param name="layers">Creates the method's layers.</param>
    internal Decoder(ParameterPath path, IAutoencoderSizes sizes, AutoencoderLayers layers)
    {
        int coarsest = sizes.ChannelMultipliers.Count - 1, channels = sizes.BaseChannels * sizes.ChannelMultipliers[^1];
        _convIn = layers.Convolution(path / "conv_in", sizes.LatentChannels, channels, 3, padding: 1);
        _middle = new MiddleBlocks(path / "mid", channels, layers);
        // Levels are numbered as in the encoder and run from the last to the first.
        for (int level = coarsest; level >= 0; level--)
        {
            ParameterPath up = path / "up" / level;
            int width = sizes.BaseChannels * sizes.ChannelMultipliers[level];
            var blocks = new ResNetLevel(up, channels, width, sizes.ResNetBlocks + 1, layers, level == coarsest);
            if (level > 0)
                blocks.Resample(new Upsample(up / "upsample", width, layers).Forward);
            _levels.Add(blocks);
            channels = width;
        }

        _output = new OutputLayer(path, channels, 3, layers);
    }

    /// <summary>B × C × h × w → B × 3 × h·f × w·f, float32, not clamped.</summary>
    public Tensor Forward(Tensor latents)
    {
        using Tensor input = latents.ChannelsLast();
        IEnumerable<Func<Tensor, Tensor>> levels = _levels.SelectMany(level => level.Layers);
        return LayerSequence.Run(input, [_convIn.Forward, .. _middle.Layers, .. levels, _output.Forward]);
    }
}
