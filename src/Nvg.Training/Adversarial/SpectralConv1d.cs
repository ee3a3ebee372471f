using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Training.Adversarial;

/// <summary>A convolution along tokens whose ends meet (circular padding), with a spectrally normalised weight.</summary>
internal sealed class SpectralConv1d
{
    private static readonly Operator ConvolutionOp = new("aten::conv1d");

    private readonly SpectralNorm _weight;
    private readonly Tensor _bias;
    private readonly int _padding;

    internal SpectralConv1d(ParameterPath path, int input, int output, int kernelSize)
    {
        _bias = path.Parameter("bias", [output], Initialization.Uniform(1 / Math.Sqrt(input * kernelSize)));
        _weight = new SpectralNorm(path, [output, input, kernelSize]);
        _padding = kernelSize / 2;
    }

    /// <summary>The normalised weight, see <see cref="SpectralNorm.Weight"/>.</summary>
    internal Tensor Weight(bool follow) => _weight.Weight(follow);

    /// <summary>N × C × T, likewise out.</summary>
    internal Tensor Forward(Tensor x_NCT, bool training)
    {
        using var scope = new TensorScope();
        Tensor padded = _padding == 0 ? x_NCT : Tensor.Cat([x_NCT.Narrow(2, x_NCT.Size(2) - _padding, _padding), x_NCT, x_NCT.Narrow(2, 0, _padding)], 2);
        return scope.Keep(ConvolutionOp.Call(padded, Weight(training), _bias));
    }
}
