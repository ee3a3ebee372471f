namespace Nvg.Torch.Nn;

/// <summary>Two-dimensional convolution with a square kernel.</summary>
public sealed class Conv2d
{
    private readonly Tensor _weight;
    private readonly Tensor? _bias;
    private readonly int _stride;
    private readonly int _padding;

    /// <summary>PyTorch's default initialization: weight and bias uniform in ±1/√(fan in).</summary>
    public Conv2d(ParameterPath path, long inputChannels, long outputChannels, int kernelSize, int stride = 1, int padding = 0,
        bool hasBias = true)
    {
        _weight = path.Parameter("weight", [outputChannels, inputChannels, kernelSize, kernelSize], Initialization.FanInUniform);
        double fanIn = inputChannels * kernelSize * kernelSize;
        _bias = hasBias ? path.Parameter("bias", [outputChannels], Initialization.Uniform(1 / Math.Sqrt(fanIn))) : null;
        _stride = stride;
        _padding = padding;
    }

    /// <summary>Element type that the convolution is computed in, outside autocast.</summary>
    public ScalarType WeightType => _weight.ScalarType;

    /// <summary>N × C × H × W.</summary>
    public Tensor Forward(Tensor input) =>
        Precision.In(_weight, input, _bias, (x, weight, bias) => Functional.Conv2d(x, weight, bias, _stride, _padding));
}
