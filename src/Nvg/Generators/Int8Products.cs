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

    /// <summary>Element type of the matrices of a model that is loaded in a precision.</summary>
    internal static ScalarType MatrixType(ScalarType precision) => precision == ScalarType.Int8 ? ScalarType.BFloat16 : precision;

    /// <summary>Checks that generators can be computed in a precision.</summary>
    /// <param name="precision">Any; only int8 has conditions.</param>
    /// <param name="sizes">The generators, or null if only a tokenizer is loaded.</param>
    /// <param name="device">Device of the parameters.</param>
    /// <exception cref="NvgDataException">It is int8, and the generators, the device or the processor do not allow it.</exception>
    internal static void Require(ScalarType? precision, GeneratorConfig? sizes, Device device)
    {
        if (precision != ScalarType.Int8)
            return;
        string? problem = sizes is null ? "a generator, and only a tokenizer is loaded"
            : device.Type != DeviceType.Cpu ? $"the CPU, not {device}"
            : sizes.HeadSize != TransformerBlock.KernelHeadSize
                ? $"heads of {TransformerBlock.KernelHeadSize} channels, and those of this model have {sizes.HeadSize}"
            : !BlockOperations.HasInt8Engine
                ? "the native library and a processor with AMX, or with AVX-512 for bfloat16 and VNNI"
            : null;
        if (problem is not null)
            throw new NvgDataException($"int8 needs {problem}; use float32 or bfloat16");
    }

    /// <summary>Refuses int8 for a method that has no such products.</summary>
    /// <exception cref="NvgDataException">It is int8.</exception>
    internal static void Refuse(ScalarType? precision, string method)
    {
        if (precision == ScalarType.Int8)
            throw new NvgDataException($"int8 is for NVG models, not for {method}; use float32 or bfloat16");
    }
}
