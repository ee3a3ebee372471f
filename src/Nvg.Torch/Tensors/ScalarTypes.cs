namespace Nvg.Torch;

/// <summary>Properties of element types.</summary>
public static class ScalarTypes
{
    /// <summary>Size of one element in bytes.</summary>
    public static int ByteSize(this ScalarType type) => type switch
    {
        ScalarType.UInt8 or ScalarType.Int8 or ScalarType.Bool => 1,
        ScalarType.Int16 or ScalarType.Float16 or ScalarType.BFloat16 => 2,
        ScalarType.Int32 or ScalarType.Float32 => 4,
        ScalarType.Int64 or ScalarType.Float64 => 8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "no such element type"),
    };

    /// <summary>Whether this is a floating-point type.</summary>
    public static bool IsFloatingPoint(this ScalarType type) =>
        type is ScalarType.Float16 or ScalarType.Float32 or ScalarType.Float64 or ScalarType.BFloat16;

    /// <summary>The element type that holds .NET values of type <typeparamref name="T"/>.</summary>
    public static ScalarType Of<T>() where T : unmanaged => default(T) switch
    {
        byte => ScalarType.UInt8,
        sbyte => ScalarType.Int8,
        short => ScalarType.Int16,
        int => ScalarType.Int32,
        long => ScalarType.Int64,
        Half => ScalarType.Float16,
        float => ScalarType.Float32,
        double => ScalarType.Float64,
        bool => ScalarType.Bool,
        _ => throw new NotSupportedException($"tensors cannot hold {typeof(T).Name}"),
    };
}
