namespace Nvg.Torch.Nn;

/// <summary>Group normalisation with learned scale and shift; statistics are computed in float32 or higher precision.</summary>
public sealed class GroupNorm
{
    private readonly Tensor _weight;
    private readonly Tensor _bias;
    private readonly int _groups;
    private readonly double _epsilon;

    /// <summary>Initialises scale to one and shift to zero.</summary>
    public GroupNorm(ParameterPath path, int groups, long channels, double epsilon)
    {
        _weight = path.Parameter("weight", [channels], Initialization.Ones);
        _bias = path.Parameter("bias", [channels], Initialization.Zeros);
        _groups = groups;
        _epsilon = epsilon;
    }

    /// <summary>Normalises N × C × H × W in float32.</summary>
    public Tensor Forward(Tensor input)
    {
        using Tensor full = input.To(ScalarType.Float32);
        return Functional.GroupNorm(full, _groups, _weight, _bias, _epsilon);
    }

    /// <summary>
    /// Normalises N × C × H × W, then applies swish. On the CPU, the result has the input's type and is channels-last; elsewhere, it is
    /// float32.
    /// </summary>
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
