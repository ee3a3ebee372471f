using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tokenizers;

/// <summary>Images to latents: levels of ResNet blocks, each halving the image but the last, then a middle without attention.</summary>
public sealed class Encoder
{
    private readonly Conv2d _convIn;
    private readonly List<(ResNetBlock[] Blocks, Downsample? Downsample)> _levels = [];
    private readonly ResNetBlock _middle1;
    private readonly ResNetBlock _middle2;
    private readonly OutputLayer _output;

    /// <summary>Makes or loads the encoder's parameters below <paramref name="path"/>.</summary>
    public Encoder(ParameterPath path, TokenizerConfig config)
    {
        _convIn = new Conv2d(path / "conv_in" / "conv", 3, config.BaseChannels, 3, padding: 1);
        int channels = config.BaseChannels;
        for (int level = 0; level < config.ChannelMultipliers.Count; level++)
        {
            ParameterPath down = path / "down" / level;
            var blocks = new ResNetBlock[config.ResNetBlocks];
            for (int block = 0; block < blocks.Length; block++)
            {
                int width = config.BaseChannels * config.ChannelMultipliers[level];
                blocks[block] = new ResNetBlock(down / "block" / block, channels, width, config.NormGroups);
                channels = width;
            }

            bool last = level == config.ChannelMultipliers.Count - 1;
            _levels.Add((blocks, last ? null : new Downsample(down / "downsample", channels)));
        }

        _middle1 = new ResNetBlock(path / "mid" / "block_1", channels, channels, config.NormGroups);
        _middle2 = new ResNetBlock(path / "mid" / "block_2", channels, channels, config.NormGroups);
        _output = new OutputLayer(path, channels, config.LatentChannels, config.NormGroups);
    }

    /// <summary>B × 3 × H × W in [−1, 1] → B × C × H/f × W/f.</summary>
    public Tensor Forward(Tensor images)
    {
        using Tensor input = images.ChannelsLast();
        return Layers.Run(input, [_convIn.Forward, .. _levels.SelectMany(LayersOf), _middle1.Forward, _middle2.Forward, _output.Forward]);
    }

    private static IEnumerable<Func<Tensor, Tensor>> LayersOf((ResNetBlock[] Blocks, Downsample? Downsample) level) =>
        [.. level.Blocks.Select(b => (Func<Tensor, Tensor>)b.Forward), .. level.Downsample is { } downsample ? [downsample.Forward] : Array.Empty<Func<Tensor, Tensor>>()];
}
