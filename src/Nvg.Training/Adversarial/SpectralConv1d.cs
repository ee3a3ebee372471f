using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Training.Adversarial;

/// <summary>A circular convolution along tokens with a spectrally normalised weight.</summary>
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
    internal Tensor Weight(bool iterate) => _weight.Weight(iterate);

    /// <summary>Maps N × C × T to N × C × T.</summary>
    internal Tensor Forward(Tensor x_NCT, bool training)
    {
        using var scope = new TensorScope();
        return scope.Keep(ConvolutionOp.Call(Padded(x_NCT), Weight(training), _bias));
    }

    private Tensor Padded(Tensor x_NCT)
    {
        if (_padding == 0)
            return x_NCT;
        Tensor end = x_NCT.Narrow(2, x_NCT.Size(2) - _padding, _padding), start = x_NCT.Narrow(2, 0, _padding);
        return Tensor.Cat([end, x_NCT, start], 2);
    }
}
