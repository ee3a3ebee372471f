using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Training.Adversarial;

/// <summary>A convolution of images with a spectrally normalised weight.</summary>
internal sealed class SpectralConv2d
{
    private readonly SpectralNorm _weight;
    private readonly Tensor _bias;
    private readonly int _stride;
    private readonly int _padding;

    internal SpectralConv2d(ParameterPath path, int input, int output, int kernelSize, int stride, int padding)
    {
        _bias = path.Parameter("bias", [output], Initialization.Uniform(1 / Math.Sqrt(input * kernelSize * kernelSize)));
        _weight = new SpectralNorm(path, [output, input, kernelSize, kernelSize]);
        (_stride, _padding) = (stride, padding);
    }

    /// <summary>N × C × H × W.</summary>
    internal Tensor Forward(Tensor x_NCHW, bool training)
    {
        using Tensor weight = _weight.Weight(training);
        return Functional.Conv2d(x_NCHW, weight, _bias, _stride, _padding);
    }
}
