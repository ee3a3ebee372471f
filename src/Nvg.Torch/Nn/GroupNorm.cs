namespace Nvg.Torch.Nn;

/// <summary>Group normalisation with learned scale and shift; statistics in float32 or better.</summary>
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

    /// <summary>Normalised N × C × H × W, in float32.</summary>
    public Tensor Forward(Tensor input)
    {
        using Tensor full = input.To(ScalarType.Float32);
        return Functional.GroupNorm(full, _groups, _weight, _bias, _epsilon);
    }

    /// <summary>Normalised N × C × H × W, then swish. On the CPU in the input's type and channels-last, elsewhere in float32.</summary>
    public Tensor ForwardSwish(Tensor input)
    {
        using var scope = new TensorScope();
        if (input.Device.Type == DeviceType.Cpu)
            return scope.Keep(Functional.GroupNormSwish(input.ChannelsLast(), _groups, _weight, _bias, _epsilon));
        Tensor normal = Functional.GroupNorm(input.To(ScalarType.Float32), _groups, _weight, _bias, _epsilon);
        if (normal.RequiresGrad)
            return scope.Keep(Functional.Silu(normal));
        Functional.SiluInPlace(normal);
        return scope.Keep(normal);
    }
}
