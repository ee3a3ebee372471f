using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tokenizers;

/// <summary>
/// Images to latents: levels of ResNet blocks, all but the last followed by downsampling, then two more blocks without attention
/// (docs/method.md, section 3.1).
/// </summary>
public sealed class Encoder
{
    private readonly Conv2d _convIn;
    private readonly ResNetLevel[] _levels;
    private readonly ResNetBlock _middle1;
    private readonly ResNetBlock _middle2;
    private readonly OutputLayer _output;

    /// <summary>Creates or loads the encoder's parameters below <paramref name="path"/>.</summary>
    public Encoder(ParameterPath path, TokenizerConfig config)
    {
        _convIn = new Conv2d(path / "conv_in" / "conv", 3, config.BaseChannels, 3, padding: 1);
        int channels = config.BaseChannels;
        _levels = new ResNetLevel[config.ChannelMultipliers.Count];
        for (int level = 0; level < _levels.Length; level++)
        {
            ParameterPath down = path / "down" / level;
            int width = config.BaseChannels * config.ChannelMultipliers[level];
            _levels[level] = new ResNetLevel(down, channels, width, config.ResNetBlocks, config.NormGroups);
            if (level < _levels.Length - 1)
                _levels[level].Resample(new Downsample(down / "downsample", width).Forward);
            channels = width;
        }

        _middle1 = new ResNetBlock(path / "mid" / "block_1", channels, channels, config.NormGroups);
        _middle2 = new ResNetBlock(path / "mid" / "block_2", channels, channels, config.NormGroups);
        _output = new OutputLayer(path, channels, config.LatentChannels, config.NormGroups);
    }

    /// <summary>B × 3 × H × W in [−1, 1] → B × C × H/f × W/f, float32.</summary>
    public Tensor Forward(Tensor images)
    {
        using Tensor input = images.ChannelsLast();
        IEnumerable<Func<Tensor, Tensor>> levels = _levels.SelectMany(level => level.Layers);
        return LayerSequence.Run(input, [_convIn.Forward, .. levels, _middle1.Forward, _middle2.Forward, _output.Forward]);
    }
}
