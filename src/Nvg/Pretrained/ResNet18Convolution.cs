using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Pretrained;

/// <summary>A convolution of <see cref="ResNet18"/>, with the batch norm that follows it folded into its weights.</summary>
internal sealed class ResNet18Convolution
{
    private const double Epsilon = 1e-5;

    private readonly Tensor _weight;
    private readonly Tensor _bias;
    private readonly Sizes _sizes;

    /// <param name="stored">Source of the tensors of the convolution and the norm, by torchvision name.</param>
    /// <param name="convolution">Name of the convolution below <paramref name="stored"/>.</param>
    /// <param name="norm">Name of the norm below <paramref name="stored"/>.</param>
    /// <param name="folded">Receives and owns the folded weights.</param>
    /// <param name="sizes">Sizes.</param>
    /// <param name="prefix">Prefix of the convolution's name in <paramref name="folded"/>.</param>
    internal ResNet18Convolution(
        ParameterPath stored, string convolution, string norm, ParameterStore folded, Sizes sizes, string prefix = "")
    {
        _sizes = sizes;
        using var scope = new TensorScope();
        long[] shape = [sizes.Output, sizes.Input, sizes.Kernel, sizes.Kernel];
        Tensor weight = At(stored, convolution).Parameter("weight", shape, Initialization.FanInUniform).To(ScalarType.Float64);
        ParameterPath path = At(stored, norm);
        Tensor scale = path.Parameter("weight", [sizes.Output], Initialization.Ones).To(ScalarType.Float64);
        Tensor shift = path.Parameter("bias", [sizes.Output], Initialization.Zeros).To(ScalarType.Float64);
        Tensor mean = path.MeasuredBuffer("running_mean", [sizes.Output], Initialization.Zeros).To(ScalarType.Float64);
        Tensor variance = path.MeasuredBuffer("running_var", [sizes.Output], Initialization.Ones).To(ScalarType.Float64);
        Tensor factor = scale * (variance + Epsilon).Rsqrt();
        _weight = (weight * factor.Reshape(-1, 1, 1, 1)).To(ScalarType.Float32).ChannelsLast();
        _bias = (shift - mean * factor).To(ScalarType.Float32);
        folded.Add($"{prefix}{convolution}.weight", _weight, isBuffer: true);
        folded.Add($"{prefix}{convolution}.bias", _bias, isBuffer: true);
    }

    /// <summary>N × input × H × W → N × output × H / stride × W / stride.</summary>
    internal Tensor Forward(Tensor input_NCHW)
    {
        int half = _sizes.Kernel / 2;
        if (_sizes.Stride == 1 || half == 0)
            return Functional.Conv2d(input_NCHW, _weight, _bias, _sizes.Stride, half);
        // The network was trained with one pixel less at the bottom and the right.
        using var scope = new TensorScope();
        Tensor padded_NCHW = Functional.PadZeros(input_NCHW, half, half - 1, half, half - 1);
        return scope.Keep(Functional.Conv2d(padded_NCHW, _weight, _bias, _sizes.Stride));
    }

    private static ParameterPath At(ParameterPath path, string name) => name.Split('.').Aggregate(path, (parent, part) => parent / part);

    /// <summary>Sizes of a convolution.</summary>
    /// <param name="Input">Number of input channels.</param>
    /// <param name="Output">Number of output channels.</param>
    /// <param name="Kernel">Side of the kernel.</param>
    /// <param name="Stride">Stride in both directions.</param>
    internal readonly record struct Sizes(int Input, int Output, int Kernel = 3, int Stride = 1);
}
