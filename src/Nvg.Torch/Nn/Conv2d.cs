namespace Nvg.Torch.Nn;

/// <summary>Two-dimensional convolution with a square kernel.</summary>
public sealed class Conv2d
{
    private static readonly Operator OneDnnOp = new("aten::mkldnn_convolution");

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

    /// <summary>Element type in which the convolution is computed outside autocast.</summary>
    public ScalarType WeightType => _weight.ScalarType;

    /// <summary>N × C × H × W.</summary>
    public Tensor Forward(Tensor input) => Precision.In(_weight, input, _bias, Convolve);

    private Tensor Convolve(Tensor x, Tensor weight, Tensor? bias) => IsPointwise(x, weight)
        ? OneDnnOp.Call(x, weight, bias, new long[] { 0, 0 }, new long[] { 1, 1 }, new long[] { 1, 1 }, 1)
        : Functional.Conv2d(x, weight, bias, _stride, _padding);

    // libtorch computes 1 × 1 convolutions with oneDNN on several threads, but with its own code on a single thread. These round
    // differently, so an image would depend on the number of threads.
    private bool IsPointwise(Tensor x, Tensor weight) =>
        weight.Size(2) == 1 && weight.Size(3) == 1 && _stride == 1 && _padding == 0 && x.Device.Type == DeviceType.Cpu
        && x.ScalarType == ScalarType.Float32 && weight.ScalarType == ScalarType.Float32 && !x.RequiresGrad && !weight.RequiresGrad;
}
