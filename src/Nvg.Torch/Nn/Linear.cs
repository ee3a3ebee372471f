namespace Nvg.Torch.Nn;

/// <summary>x Wᵀ + b, computed in the weight's element type.</summary>
public sealed class Linear
{
    private readonly Tensor _weight;
    private readonly Tensor? _bias;

    /// <summary>
    /// Initialises the weight (out × in) as Xavier-uniform unless another initialisation is given, and the bias to zeros.
    /// </summary>
    public Linear(ParameterPath path, long inputSize, long outputSize, bool hasBias = true, Initialization? initialization = null)
    {
        _weight = path.Parameter("weight", [outputSize, inputSize], initialization ?? Initialization.XavierUniform);
        _bias = hasBias ? path.Parameter("bias", [outputSize], Initialization.Zeros) : null;
    }

    /// <summary>Element type in which the product is computed outside autocast.</summary>
    public ScalarType WeightType => _weight.ScalarType;

    /// <summary>The weight (out × in); owned by the model.</summary>
    public Tensor Weight => _weight;

    /// <summary>The bias (out), or null; owned by the model.</summary>
    public Tensor? Bias => _bias;

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
