using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Classifiers;

/// <summary>Two convolutions with batch norm and GELU; the first is followed by 2 × 2 max pooling.</summary>
internal sealed class ClassifierBlock
{
    private readonly Conv2d _conv1;
    private readonly Conv2d _conv2;
    private readonly BatchNorm _norm1;
    private readonly BatchNorm _norm2;

    internal ClassifierBlock(ParameterPath path, int inputChannels, int outputChannels)
    {
        _conv1 = new Conv2d(path / "conv1", inputChannels, outputChannels, 3, padding: 1, hasBias: false);
        _norm1 = new BatchNorm(path / "norm1", outputChannels);
        _conv2 = new Conv2d(path / "conv2", outputChannels, outputChannels, 3, padding: 1, hasBias: false);
        _norm2 = new BatchNorm(path / "norm2", outputChannels);
    }

    /// <summary>N × C × H × W → N × C′ × H/2 × W/2.</summary>
    /// <param name="input">N × C × H × W.</param>
    /// <param name="normalise">Applies a batch norm, with stored or batch statistics.</param>
    internal Tensor Forward(Tensor input, Func<BatchNorm, Tensor, Tensor> normalise)
    {
        using var scope = new TensorScope();
        Tensor half = Functional.GeluTanh(normalise(_norm1, Functional.MaxPool(_conv1.Forward(input), 2)));
        return scope.Keep(Functional.GeluTanh(normalise(_norm2, _conv2.Forward(half))));
    }
}
