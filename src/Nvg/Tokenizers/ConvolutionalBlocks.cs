using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tokenizers;

/// <summary>Layers one after another.</summary>
internal static class Layers
{
    /// <summary>The last layer's output. Maps of large images take tens of megabytes each: every one goes when the next is there.</summary>
    internal static Tensor Run(Tensor input, IEnumerable<Func<Tensor, Tensor>> layers)
    {
        Tensor x = input.Alias();
        foreach (Func<Tensor, Tensor> layer in layers)
        {
            using Tensor previous = x;
            x = layer(previous);
        }

        return x;
    }
}

/// <summary>Group normalisation, swish, 3 × 3 convolution, twice, beside a shortcut (1 × 1 where widths differ).</summary>
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
        using Tensor h = Layers.Run(x, [_norm1.ForwardSwish, _conv1.Forward, _norm2.ForwardSwish, _conv2.Forward]);
        using Tensor shortcut = _shortcut is null ? x.Alias() : _shortcut.Forward(x);
        return shortcut + h;
    }
}

/// <summary>Halves height and width: a stride-2 convolution after one row and column of zeros right and below.</summary>
internal sealed class Downsample(ParameterPath path, int channels)
{
    private readonly Conv2d _conv = new(path / "conv" / "conv", channels, channels, 3, stride: 2);

    internal Tensor Forward(Tensor x)
    {
        using Tensor padded = Functional.PadZeros(x, 0, 1, 0, 1);
        return _conv.Forward(padded);
    }
}

/// <summary>Doubles height and width: each pixel four times, then a 3 × 3 convolution.</summary>
internal sealed class Upsample(ParameterPath path, int channels)
{
    private readonly Conv2d _conv = new(path / "conv" / "conv", channels, channels, 3, padding: 1);

    internal Tensor Forward(Tensor x)
    {
        using Tensor larger = Functional.UpsampleNearest(x, 2);
        return _conv.Forward(larger);
    }
}

/// <summary>Group normalisation, swish, 3 × 3 convolution: the end of encoder and decoder.</summary>
internal sealed class OutputLayer(ParameterPath path, int inputChannels, int outputChannels, int normGroups)
{
    private readonly GroupNorm _norm = new(path / "norm_out" / "norm", normGroups, inputChannels, ResNetBlock.Epsilon);
    private readonly Conv2d _conv = new(path / "conv_out" / "conv", inputChannels, outputChannels, 3, padding: 1);

    internal Tensor Forward(Tensor x)
    {
        using Tensor output = Layers.Run(x, [_norm.ForwardSwish, _conv.Forward]);
        return output.To(ScalarType.Float32);
    }
}
