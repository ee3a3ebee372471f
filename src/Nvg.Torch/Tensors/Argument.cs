using Nvg.Torch.Interop;

namespace Nvg.Torch;

/// <summary>One argument of an operator: a tensor, number, list, string, device or generator. Converts implicitly from these.</summary>
/// <remarks>Holds references only for the duration of the call; nothing is copied before the call.</remarks>
public readonly struct Argument
{
    internal ValueKind Kind { get; }

    internal long Bits { get; }

    internal object? Object { get; }

    private Argument(ValueKind kind, long bits = 0, object? value = null)
    {
        Kind = kind;
        Bits = bits;
        Object = value;
    }

    /// <summary>Python's None.</summary>
    public static Argument None => new(ValueKind.None);

    /// <summary>The default from the operator's schema.</summary>
    public static Argument Default => new(ValueKind.Default);

    /// <summary>A list of tensors in which null stands for "no tensor", as used for indexing.</summary>
    public static Argument OptionalTensors(params Tensor?[] tensors) => new(ValueKind.OptionalTensorList, 0, tensors);

    /// <summary>A tensor, or None for null.</summary>
    public static implicit operator Argument(Tensor? tensor) => tensor is null ? None : new(ValueKind.Tensor, 0, tensor);

    /// <summary>An integer.</summary>
    public static implicit operator Argument(long value) => new(ValueKind.Int, value);

    /// <summary>A real number.</summary>
    public static implicit operator Argument(double value) => new(ValueKind.Double, BitConverter.DoubleToInt64Bits(value));

    /// <summary>A Boolean.</summary>
    public static implicit operator Argument(bool value) => new(ValueKind.Bool, value ? 1 : 0);

    /// <summary>A list of integers, or None for null.</summary>
    public static implicit operator Argument(long[]? values) => values is null ? None : new(ValueKind.IntList, 0, values);

    /// <summary>A list of real numbers, or None for null.</summary>
    public static implicit operator Argument(double[]? values) => values is null ? None : new(ValueKind.DoubleList, 0, values);

    /// <summary>A list of Booleans, or None for null.</summary>
    public static implicit operator Argument(bool[]? values) => values is null ? None : new(ValueKind.BoolList, 0, values);

    /// <summary>A list of tensors, or None for null.</summary>
    public static implicit operator Argument(Tensor[]? values) => values is null ? None : new(ValueKind.TensorList, 0, values);

    /// <summary>A string, or None for null.</summary>
    public static implicit operator Argument(string? text) => text is null ? None : new(ValueKind.String, 0, text);

    /// <summary>A random generator, or None for null.</summary>
    public static implicit operator Argument(RandomGenerator? generator) =>
        generator is null ? None : new(ValueKind.Generator, 0, generator);

    /// <summary>An element type (an integer in operator schemas).</summary>
    public static implicit operator Argument(ScalarType type) => new(ValueKind.Int, (long)type);

    /// <summary>An element type, or None for null.</summary>
    public static implicit operator Argument(ScalarType? type) => type is { } given ? given : None;

    /// <summary>A device.</summary>
    public static implicit operator Argument(Device device) => new(ValueKind.Device, device.Packed);
}
