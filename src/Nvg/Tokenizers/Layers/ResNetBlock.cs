using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tokenizers.Layers;

/// <summary>
/// Residual block: group norm, swish and 3 × 3 convolution, twice, added to the input or, if the widths differ, to its 1 × 1
/// convolution.
/// </summary>
internal sealed class ResNetBlock
{
    private readonly GroupNorm _norm1;
    private readonly GroupNorm _norm2;
    private readonly Conv2d _conv1;
    private readonly Conv2d _conv2;
    private readonly Conv2d? _shortcut;

    internal ResNetBlock(ParameterPath path, int inputChannels, int outputChannels, AutoencoderLayers layers)
    {
        _norm1 = layers.Norm(path / "norm1", inputChannels);
        _conv1 = layers.Convolution(path / "conv1", inputChannels, outputChannels, 3, padding: 1);
        _norm2 = layers.Norm(path / "norm2", outputChannels);
        _conv2 = layers.Convolution(path / "conv2", outputChannels, outputChannels, 3, padding: 1);
        _shortcut = inputChannels == outputChannels
            ? null
            : layers.Convolution(path / "nin_shortcut", inputChannels, outputChannels, 1);
    }

    internal Tensor Forward(Tensor x)
    {
        using Tensor h = LayerSequence.Run(x, [_norm1.ForwardSwish, _conv1.Forward, _norm2.ForwardSwish, _conv2.Forward]);
        using Tensor shortcut = _shortcut is null ? x.Alias() : _shortcut.Forward(x);
        return shortcut + h;
    }
}
