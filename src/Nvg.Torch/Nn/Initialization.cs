namespace Nvg.Torch.Nn;

/// <summary>Initial distribution of a parameter that is not loaded.</summary>
/// <param name="Kind">The distribution.</param>
/// <param name="Scale">Scale of the distribution: the standard deviation, the bound of a uniform distribution, or the constant.</param>
public readonly record struct Initialization(InitializationKind Kind, double Scale = 0)
{
    /// <summary>All zeros.</summary>
    public static Initialization Zeros => new(InitializationKind.Constant);

    /// <summary>All ones.</summary>
    public static Initialization Ones => new(InitializationKind.Constant, 1);

    /// <summary>Glorot and Bengio's uniform distribution: bound √(6 / (in + out)).</summary>
    public static Initialization XavierUniform => new(InitializationKind.XavierUniform);

    /// <summary>PyTorch's default for convolutions and linear layers: uniform, bound 1/√(fan in).</summary>
    public static Initialization FanInUniform => new(InitializationKind.FanInUniform);

    /// <summary>Normal with the given standard deviation.</summary>
    public static Initialization Normal(double standardDeviation) => new(InitializationKind.Normal, standardDeviation);

    /// <summary>Uniform in ±<paramref name="bound"/>.</summary>
    public static Initialization Uniform(double bound) => new(InitializationKind.Uniform, bound);

    internal Tensor Create(long[] shape, RandomGenerator generator)
    {
        long receptiveField = shape.Skip(2).Aggregate(1L, (product, size) => product * size);
        double fanIn = (shape.Length > 1 ? shape[1] : shape.FirstOrDefault(1)) * receptiveField;
        double fanOut = shape.FirstOrDefault(1) * receptiveField;
        return Kind switch
        {
            InitializationKind.Constant => Tensor.Full(shape, Scale, device: generator.Device),
            InitializationKind.Normal => Scaled(Tensor.Randn(shape, generator), Scale),
            InitializationKind.Uniform => Symmetric(shape, generator, Scale),
            InitializationKind.XavierUniform => Symmetric(shape, generator, Math.Sqrt(6 / (fanIn + fanOut))),
            InitializationKind.FanInUniform => Symmetric(shape, generator, 1 / Math.Sqrt(fanIn)),
            _ => throw new InvalidOperationException($"no such initialization: {Kind}"),
        };
    }

    private static Tensor Symmetric(long[] shape, RandomGenerator generator, double bound)
    {
        Tensor values = Scaled(Tensor.Rand(shape, generator), 2 * bound);
        values.AddInPlace(-bound);
        return values;
    }

    private static Tensor Scaled(Tensor values, double scale)
    {
        values.MultiplyInPlace(scale);
        return values;
    }
}
