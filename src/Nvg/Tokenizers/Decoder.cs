using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tokenizers;

/// <summary>
/// Latents to images: the encoder mirrored, with one more ResNet block per level and nearest-neighbour upsampling
/// (docs/method.md, section 3.1).
/// </summary>
public sealed class Decoder
{
    private readonly Conv2d _convIn;
    private readonly ResNetBlock _middle1;
    private readonly ResNetBlock _middle2;
    private readonly List<ResNetLevel> _levels = [];
    private readonly OutputLayer _output;

    /// <summary>Creates or loads the decoder's parameters below <paramref name="path"/>.</summary>
    public Decoder(ParameterPath path, TokenizerConfig config)
    {
        int channels = config.BaseChannels * config.ChannelMultipliers[^1];
        _convIn = new Conv2d(path / "conv_in" / "conv", config.LatentChannels, channels, 3, padding: 1);
        _middle1 = new ResNetBlock(path / "mid" / "block_1", channels, channels, config.NormGroups);
        _middle2 = new ResNetBlock(path / "mid" / "block_2", channels, channels, config.NormGroups);
        // Levels are numbered as in the encoder and run from the last to the first.
        for (int level = config.ChannelMultipliers.Count - 1; level >= 0; level--)
        {
            ParameterPath up = path / "up" / level;
            int width = config.BaseChannels * config.ChannelMultipliers[level];
            var blocks = new ResNetLevel(up, channels, width, config.ResNetBlocks + 1, config.NormGroups);
            if (level > 0)
                blocks.Resample(new Upsample(up / "upsample", width).Forward);
            _levels.Add(blocks);
            channels = width;
        }

        _output = new OutputLayer(path, channels, 3, config.NormGroups);
    }

    /// <summary>B × C × h × w → B × 3 × h·f × w·f, float32, not clamped.</summary>
    public Tensor Forward(Tensor latents)
    {
        using Tensor input = latents.ChannelsLast();
        IEnumerable<Func<Tensor, Tensor>> levels = _levels.SelectMany(level => level.Layers);
        return LayerSequence.Run(input, [_convIn.Forward, _middle1.Forward, _middle2.Forward, .. levels, _output.Forward]);
    }
}
