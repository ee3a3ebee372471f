using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tokenizers;

/// <summary>Latents to images: the encoder's mirror, with one more ResNet block per level and nearest-neighbour upsampling.</summary>
public sealed class Decoder
{
    private readonly Conv2d _convIn;
    private readonly ResNetBlock _middle1;
    private readonly ResNetBlock _middle2;
    private readonly List<(ResNetBlock[] Blocks, Upsample? Upsample)> _levels = [];
    private readonly OutputLayer _output;

    /// <summary>Makes or loads the decoder's parameters below <paramref name="path"/>.</summary>
    public Decoder(ParameterPath path, TokenizerConfig config)
    {
        int channels = config.BaseChannels * config.ChannelMultipliers[^1];
        _convIn = new Conv2d(path / "conv_in" / "conv", config.LatentChannels, channels, 3, padding: 1);
        _middle1 = new ResNetBlock(path / "mid" / "block_1", channels, channels, config.NormGroups);
        _middle2 = new ResNetBlock(path / "mid" / "block_2", channels, channels, config.NormGroups);
        // Levels are numbered as in the encoder and used from the last to the first.
        for (int level = config.ChannelMultipliers.Count - 1; level >= 0; level--)
        {
            ParameterPath up = path / "up" / level;
            var blocks = new ResNetBlock[config.ResNetBlocks + 1];
            for (int block = 0; block < blocks.Length; block++)
            {
                int width = config.BaseChannels * config.ChannelMultipliers[level];
                blocks[block] = new ResNetBlock(up / "block" / block, channels, width, config.NormGroups);
                channels = width;
            }

            _levels.Add((blocks, level == 0 ? null : new Upsample(up / "upsample", channels)));
        }

        _output = new OutputLayer(path, channels, 3, config.NormGroups);
    }

    /// <summary>B × C × h × w → B × 3 × h·f × w·f, not clamped.</summary>
    public Tensor Forward(Tensor latents)
    {
        using Tensor input = latents.ChannelsLast();
        return Layers.Run(input, [_convIn.Forward, _middle1.Forward, _middle2.Forward, .. _levels.SelectMany(LayersOf), _output.Forward]);
    }

    private static IEnumerable<Func<Tensor, Tensor>> LayersOf((ResNetBlock[] Blocks, Upsample? Upsample) level) =>
        [.. level.Blocks.Select(b => (Func<Tensor, Tensor>)b.Forward), .. level.Upsample is { } upsample ? [upsample.Forward] : Array.Empty<Func<Tensor, Tensor>>()];
}
