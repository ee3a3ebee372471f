namespace Nvg.Torch.Nn;

/// <summary>x Wᵀ + b, computed in the weight's element type.</summary>
public sealed class Linear
{
    private Tensor _weight;
    private readonly Tensor? _bias;

    /// <summary>Xavier-uniform weight (out × in), zero bias.</summary>
    public Linear(ParameterPath path, long inputSize, long outputSize, bool hasBias = true)
    {
        _weight = path.Parameter("weight", [outputSize, inputSize], Initialization.XavierUniform);
        _bias = hasBias ? path.Parameter("bias", [outputSize], Initialization.Zeros) : null;
    }

    /// <summary>Element type that the product is computed in, outside autocast.</summary>
    public ScalarType WeightType => _weight.ScalarType;

    /// <summary>The weight (out × in, unless <see cref="Rearrange"/> changed its layout); owned by the model.</summary>
    public Tensor Weight => _weight;

    /// <summary>The bias (out), or null; owned by the model.</summary>
    public Tensor? Bias => _bias;

    /// <summary>
    /// Puts the weight into another layout, for kernels that read it so; <see cref="Forward"/> cannot be used any more.
    /// </summary>
    /// <param name="store">Owner of the weight; holds the new one under the same name, and disposes the old one.</param>
    /// <param name="rearranged">The weight in its new layout; the store takes it over.</param>
    public void Rearrange(ParameterStore store, Tensor rearranged)
    {
        store.Replace(_weight, rearranged);
        _weight = rearranged;
    }

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
