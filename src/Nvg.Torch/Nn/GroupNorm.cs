namespace Nvg.Torch.Nn;

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
