using Nvg.Generators.Blocks;
using Nvg.Torch;

namespace Nvg.Generators;

/// <summary>
/// The precision <see cref="ScalarType.Int8"/>: matrix products of the generators' blocks in int8, everything else as in bfloat16.
/// </summary>
internal static class Int8Products
{
    /// <summary>Element type of the matrices of a model that is loaded in a precision.</summary>
    internal static ScalarType? MatrixType(ScalarType? precision) => precision == ScalarType.Int8 ? ScalarType.BFloat16 : precision;

    /// <summary>Checks that matrices can be stored in a type. Int8 exists only for computing.</summary>
    /// <exception cref="ArgumentException">They cannot.</exception>
    internal static void RequireStorable(ScalarType? type)
    {
        if (type is not (null or ScalarType.Float32 or ScalarType.BFloat16))
            throw new ArgumentException($"matrices are stored as float32 or bfloat16, not {type}");
    }

    /// <summary>Checks that generators can be computed in a precision.</summary>
    /// <param name="precision">Any; only int8 has conditions.</param>
    /// <param name="sizes">The generators, or null if only a tokenizer is loaded.</param>
    /// <param name="device">Device of the parameters.</param>
    /// <param name="name">Folder or name of the model, for messages.</param>
    /// <exception cref="NvgDataException">It is int8, and the generators, the device or the processor do not allow it.</exception>
    internal static void Require(ScalarType? precision, GeneratorConfig? sizes, Device device, string name)
    {
        if (precision != ScalarType.Int8)
            return;
        string? problem = sizes is null ? "a generator, and only a tokenizer is loaded"
            : device.Type != DeviceType.Cpu ? $"the CPU, not {device}"
            : sizes.HeadSize != TransformerBlock.KernelHeadSize
                ? $"heads of {TransformerBlock.KernelHeadSize} channels, and those of this model have {sizes.HeadSize}"
            : !BlockOperations.HasInt8Engine
                ? "the native library and a processor with AMX, or AVX-512 with VNNI and bfloat16, that NVG_MATRIX_ENGINE allows"
            : null;
        if (problem is not null)
            throw NvgDataException.At(name, $"int8 needs {problem}", "use float32 or bfloat16");
    }

    /// <summary>Refuses int8 for a VAR model, which has no such products.</summary>
    /// <param name="precision">Any; only int8 is refused.</param>
    /// <param name="name">Folder or name of the model, for messages.</param>
    /// <exception cref="NvgDataException">It is int8.</exception>
    internal static void Refuse(ScalarType? precision, string name)
    {
        if (precision == ScalarType.Int8)
            throw NvgDataException.At(name, "int8 is for NVG models, not for VAR", "use float32 or bfloat16");
    }
}
