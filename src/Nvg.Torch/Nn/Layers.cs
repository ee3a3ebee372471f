namespace Nvg.Torch.Nn;

/// <summary>x Wᵀ + b, computed in the weight's element type.</summary>
public sealed class Linear
{
    private readonly Tensor _weight;
    private readonly Tensor? _bias;

    /// <summary>Xavier-uniform weight (out × in), zero bias.</summary>
    public Linear(ParameterPath path, long inputSize, long outputSize, bool hasBias = true)
    {
        _weight = path.Parameter("weight", [outputSize, inputSize], Initialization.XavierUniform);
        _bias = hasBias ? path.Parameter("bias", [outputSize], Initialization.Zeros) : null;
    }

    /// <summary>Element type that the product is computed in, outside autocast.</summary>
    public ScalarType WeightType => _weight.ScalarType;

    /// <summary>Overwrites the parameters; autograd must be off.</summary>
    /// <param name="weight">out × in; borrowed.</param>
    /// <param name="bias">out; borrowed.</param>
    public void Assign(Tensor weight, Tensor bias)
    {
        _weight.CopyFrom(weight);
        (_bias ?? throw new InvalidOperationException("this linear has no bias")).CopyFrom(bias);
    }

    /// <summary>(…, in) → (…, out).</summary>
    public Tensor Forward(Tensor input) => Precision.In(_weight, input, _bias, Functional.Linear);
}

/// <summary>Two-dimensional convolution with a square kernel.</summary>
public sealed class Conv2d
{
    private readonly Tensor _weight;
    private readonly Tensor _bias;
    private readonly int _stride;
    private readonly int _padding;

    /// <summary>PyTorch's default initialization: weight and bias uniform in ±1/√(fan in).</summary>
    public Conv2d(ParameterPath path, long inputChannels, long outputChannels, int kernelSize, int stride = 1, int padding = 0)
    {
        _weight = path.Parameter("weight", [outputChannels, inputChannels, kernelSize, kernelSize], Initialization.FanInUniform);
        double fanIn = inputChannels * kernelSize * kernelSize;
        _bias = path.Parameter("bias", [outputChannels], Initialization.Uniform(1 / Math.Sqrt(fanIn)));
        _stride = stride;
        _padding = padding;
    }

    /// <summary>N × C × H × W.</summary>
    public Tensor Forward(Tensor input) =>
        Precision.In(_weight, input, _bias, (x, weight, bias) => Functional.Conv2d(x, weight, bias, _stride, _padding));
}

/// <summary>Group normalisation with learned scale and shift, in float32.</summary>
public sealed class GroupNorm
{
    private readonly Tensor _weight;
    private readonly Tensor _bias;
    private readonly int _groups;
    private readonly double _epsilon;

    /// <summary>Scale one, shift zero.</summary>
    public GroupNorm(ParameterPath path, int groups, long channels, double epsilon)
    {
        _weight = path.Parameter("weight", [channels], Initialization.Ones);
        _bias = path.Parameter("bias", [channels], Initialization.Zeros);
        _groups = groups;
        _epsilon = epsilon;
    }

    /// <summary>N × C × H × W.</summary>
    public Tensor Forward(Tensor input)
    {
        using Tensor full = input.To(ScalarType.Float32);
        return Functional.GroupNorm(full, _groups, _weight, _bias, _epsilon);
    }
}

/// <summary>A table of vectors.</summary>
public sealed class Embedding
{
    /// <summary>Rows start normal with standard deviation 0.02.</summary>
    public Embedding(ParameterPath path, long count, long size, Initialization? initialization = null) =>
        Weight = path.Parameter("weight", [count, size], initialization ?? Initialization.Normal(0.02));

    /// <summary>The table, count × size; owned by the model.</summary>
    public Tensor Weight { get; }

    /// <summary>(…) numbers → (…, size) rows, in float32.</summary>
    public Tensor Forward(Tensor indices)
    {
        using Tensor rows = Functional.Embedding(Weight, indices);
        return rows.To(ScalarType.Float32);
    }
}

/// <summary>Meets an input of one element type with weights of another.</summary>
internal static class Precision
{
    // With float32 weights libtorch's autocast decides what the product is computed in, also from inputs that earlier
    // products left in bfloat16. A model loaded in bfloat16 has its matrices in that type and its vectors in float32:
    // there the matrix decides.
    internal static Tensor In(Tensor weight, Tensor input, Tensor? bias, Func<Tensor, Tensor, Tensor?, Tensor> operation)
    {
        ScalarType type = weight.ScalarType;
        if (type == ScalarType.Float32)
            return operation(input, weight, bias);
        using Tensor cast = input.To(type);
        using Tensor? castBias = bias?.To(type);
        return operation(cast, weight, castBias);
    }
}
