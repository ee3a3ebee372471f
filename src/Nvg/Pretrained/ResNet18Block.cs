using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Pretrained;

/// <summary>
/// A residual block of <see cref="ResNet18"/>. If the number of channels changes, block and shortcut have stride 2.
/// </summary>
internal sealed class ResNet18Block
{
    private readonly ResNet18Convolution _first;
    private readonly ResNet18Convolution _second;
    private readonly ResNet18Convolution? _shortcut;

    /// <param name="stored">Path of the block's stored tensors.</param>
    /// <param name="name">Name of the block in <paramref name="folded"/>.</param>
    /// <param name="folded">Receives and owns the folded weights.</param>
    /// <param name="input">Number of input channels.</param>
    /// <param name="output">Number of output channels.</param>
    internal ResNet18Block(ParameterPath stored, string name, ParameterStore folded, int input, int output)
    {
        int stride = input == output ? 1 : 2;
        string prefix = name + ".";
        _shortcut = stride == 1 ? null : new(stored, "downsample.0", "downsample.1", folded, new(input, output, Kernel: 1, stride), prefix);
        _first = new(stored, "conv1", "bn1", folded, new(input, output, Stride: stride), prefix);
        _second = new(stored, "conv2", "bn2", folded, new(output, output), prefix);
    }

    /// <summary>N × input × H × W → N × output × H / stride × W / stride, non-negative.</summary>
    internal Tensor Forward(Tensor input_NCHW)
    {
        using var scope = new TensorScope();
        Tensor shortcut_NCHW = _shortcut?.Forward(input_NCHW) ?? input_NCHW;
        Tensor hidden_NCHW = Functional.Relu(_first.Forward(input_NCHW));
        return scope.Keep(Functional.Relu(_second.Forward(hidden_NCHW) + shortcut_NCHW));
    }
}
