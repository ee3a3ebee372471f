using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tokenizers;

/// <summary>
/// Residual block: group norm, swish and 3 × 3 convolution, twice, added to the input or, if the widths differ, to its 1 × 1
/// convolution.
/// </summary>
internal sealed class ResNetBlock
{
    internal const double Epsilon = 1e-6;

    private readonly GroupNorm _norm1;
    private readonly GroupNorm _norm2;
    private readonly Conv2d _conv1;
    private readonly Conv2d _conv2;
    private readonly Conv2d? _shortcut;

    internal ResNetBlock(ParameterPath path, int inputChannels, int outputChannels, int normGroups)
    {
        _norm1 = new GroupNorm(path / "norm1" / "norm", normGroups, inputChannels, Epsilon);
        _conv1 = new Conv2d(path / "conv1" / "conv", inputChannels, outputChannels, 3, padding: 1);
        _norm2 = new GroupNorm(path / "norm2" / "norm", normGroups, outputChannels, Epsilon);
        _conv2 = new Conv2d(path / "conv2" / "conv", outputChannels, outputChannels, 3, padding: 1);
        _shortcut = inputChannels == outputChannels ? null : new Conv2d(path / "nin_shortcut" / "conv", inputChannels, outputChannels, 1);
    }

    internal Tensor Forward(Tensor x)
    {
        using Tensor h = LayerSequence.Run(x, [_norm1.ForwardSwish, _conv1.Forward, _norm2.ForwardSwish, _conv2.Forward]);
        using Tensor shortcut = _shortcut is null ? x.Alias() : _shortcut.Forward(x);
        return shortcut + h;
    }
}
