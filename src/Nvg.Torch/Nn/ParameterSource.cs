using Nvg.Torch.Files.Safetensors;

namespace Nvg.Torch.Nn;

/// <summary>The source of a model's parameters during construction: randomly initialised, or loaded by name.</summary>
public abstract class ParameterSource
{
    /// <summary>Device of the parameters.</summary>
    public Device Device { get; init; }

    /// <summary>Creates a tensor for the parameter; the caller owns it.</summary>
    /// <exception cref="ParameterException">The source has no tensor with this name and shape.</exception>
    public abstract Tensor Get(string name, long[] shape, Initialization initialization);

    /// <summary>Same as <see cref="Get"/>, but always in float32, regardless of the source's type for matrices.</summary>
    /// <exception cref="ParameterException">The source has no tensor with this name and shape.</exception>
    public virtual Tensor GetFull(string name, long[] shape, Initialization initialization)
    {
        using Tensor value = Get(name, shape, initialization);
        return value.To(ScalarType.Float32);
    }

    /// <summary>Randomly initialised parameters, drawn one by one in the order of construction.</summary>
    /// <param name="seed">Determines the values, regardless of type and device.</param>
    /// <param name="device">Device of the parameters.</param>
    /// <param name="type">Element type of the matrices, rounded from the float32 draw. One-dimensional parameters are float32.</param>
    public static ParameterSource Random(ulong seed, Device device = default, ScalarType type = ScalarType.Float32) =>
        new RandomSource(new RandomGenerator(seed), type) { Device = device };

    /// <summary>Parameters by name from a dictionary, such as a safetensors file. Missing parameters or wrong shapes are errors.</summary>
    /// <param name="tensors">Borrowed while the model is built; the model gets copies, or views of mapped memory.</param>
    /// <param name="prefix">Prefix of every name.</param>
    /// <param name="device">Device of the parameters.</param>
    /// <param name="type">Element type of the matrices, or null to keep the stored one. One-dimensional parameters become float32.</param>
    public static ParameterSource From(IReadOnlyDictionary<string, Tensor> tensors, string prefix = "", Device device = default,
        ScalarType? type = null) =>
        new LoadedSource(tensors, prefix, type) { Device = device };

    /// <summary>
    /// Parameters from a file that is not needed afterwards. Tensors are removed from it as they are taken, so converting a model to a
    /// different element type does not keep both copies in memory.
    /// </summary>
    /// <param name="file">Borrowed while the model is built.</param>
    /// <param name="device">Device of the parameters.</param>
    /// <param name="type">Element type of the matrices, or null to keep the stored one. One-dimensional parameters become float32.</param>
    public static ParameterSource Taking(SafetensorsFile file, Device device = default, ScalarType? type = null) =>
        new LoadedSource(file, "", type, file.Release) { Device = device };

    /// <summary>Shapes without memory, for counting the parameters of large presets.</summary>
    public static ParameterSource Meta() => new MetaSource { Device = Device.Meta };

    private sealed class RandomSource(RandomGenerator generator, ScalarType type) : ParameterSource
    {
        public override Tensor Get(string name, long[] shape, Initialization initialization)
        {
            // Converts one float32 tensor at a time, so a large model in bfloat16 never needs the memory of the whole model in float32.
            using Tensor value = initialization.Create(shape, generator);
            return value.To(Device, shape.Length < 2 ? ScalarType.Float32 : type);
        }

        public override Tensor GetFull(string name, long[] shape, Initialization initialization)
        {
            using Tensor value = initialization.Create(shape, generator);
            return value.To(Device);
        }
    }

    private sealed class MetaSource : ParameterSource
    {
        public override Tensor Get(string name, long[] shape, Initialization initialization) => Tensor.Empty(shape, device: Device);
    }

    private sealed class LoadedSource(IReadOnlyDictionary<string, Tensor> tensors, string prefix, ScalarType? type,
        Action<string>? taken = null) : ParameterSource
    {
        public override Tensor Get(string name, long[] shape, Initialization initialization) => Take(name, shape, type);

        public override Tensor GetFull(string name, long[] shape, Initialization initialization) => Take(name, shape, ScalarType.Float32);

        private Tensor Take(string name, long[] shape, ScalarType? matrixType)
        {
            if (!tensors.TryGetValue(prefix + name, out Tensor? stored))
                throw new ParameterException($"parameter '{prefix}{name}' is missing");
            if (!stored.Shape.SequenceEqual(shape))
                throw new ParameterException(
                    $"parameter '{prefix}{name}' has shape [{string.Join(", ", stored.Shape.ToArray())}], "
                    + $"the model needs [{string.Join(", ", shape)}]");
            // Vectors (norm scales, biases) need little memory but are critical for accuracy, so they stay in float32.
            bool isVector = shape.Length < 2 && stored.ScalarType.IsFloatingPoint();
            ScalarType wanted = isVector ? ScalarType.Float32 : matrixType ?? stored.ScalarType;
            Tensor value = stored.To(Device, wanted);
            RequireFinite(prefix + name, stored, value);
            taken?.Invoke(prefix + name);
            return value;
        }

        private static void RequireFinite(string name, Tensor stored, Tensor value)
        {
            if (FiniteValues.AreAll(value))
                return;
            long broken = FiniteValues.CountOther(stored);
            string problem = broken > 0
                ? $"has {broken} values of {stored.ElementCount} that are NaN or infinite: the weights are damaged or come from a run that "
                    + "diverged"
                : $"has values too large for {value.ScalarType}";
            value.Dispose();
            throw new ParameterException($"parameter '{name}' {problem}");
        }
    }
}
