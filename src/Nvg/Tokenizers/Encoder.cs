using Nvg.Tokenizers.Layers;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tokenizers;

/// <summary>
/// Maps images to latents: levels of ResNet blocks, all but the last followed by downsampling, then two more blocks
/// (docs/method.md, section 3.1). Shared by all methods, which differ in their layers (<see cref="AutoencoderLayers"/>).
/// </summary>
public sealed class Encoder
{
    private readonly Conv2d _convIn;
    private readonly ResNetLevel[] _levels;
    private readonly MiddleBlocks _middle;
    private readonly OutputLayer _output;

    /// <summary>Creates or loads the parameters of NVG's encoder below <paramref name="path"/>.</summary>
    public Encoder(ParameterPath path, TokenizerConfig config) : this(path, config, new GranularityLayers(config.NormGroups))
    {
    }

    /// <summary>Creates or loads the parameters of a method's encoder.</summary>
    /// <param name="path">Path of the encoder.</param>
    /// <param name="sizes">Its sizes.</param>
    /// <param name="layers">Creates the method's layers.</param>
    internal Encoder(ParameterPath path, IAutoencoderSizes sizes, AutoencoderLayers layers)
    {
        _convIn = layers.Convolution(path / "conv_in", 3, sizes.BaseChannels, 3, padding: 1);
        int channels = sizes.BaseChannels;
        _levels = new ResNetLevel[sizes.ChannelMultipliers.Count];
        for (int level = 0; level < _levels.Length; level++)
        {
            ParameterPath down = path / "down" / level;
            int width = sizes.BaseChannels * sizes.ChannelMultipliers[level];
            bool isCoarsest = level == _levels.Length - 1;
            _levels[level] = new ResNetLevel(down, channels, width, sizes.ResNetBlocks, layers, isCoarsest);
            if (!isCoarsest)
                _levels[level].Resample(new Downsample(down / "downsample", width, layers).Forward);
            channels = width;
        }

        _middle = new MiddleBlocks(path / "mid", channels, layers);
        _output = new OutputLayer(path, channels, sizes.LatentChannels, layers);
    }

    /// <summary>B × 3 × H × W in [−1, 1] → B × C × H/f × W/f, float32.</summary>
    public Tensor Forward(Tensor images)
    {
        using Tensor input = images.ChannelsLast();
        IEnumerable<Func<Tensor, Tensor>> levels = _levels.SelectMany(level => level.Layers);
        return LayerSequence.Run(input, [_convIn.Forward, .. levels, .. _middle.Layers, _output.Forward]);
    }
}
