namespace Nvg.Torch.Files.PyTorch;

/// <summary>An array or an element type of NumPy in a pickle, as inert data.</summary>
/// <param name="type">The name of an element type, such as <c>u1</c>; null for an array.</param>
internal sealed class PickleArray(string? type)
{
    private static readonly string[] ArrayFunctions = ["numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct"];

    /// <summary>The name of an element type; null for an array.</summary>
    internal string? Type => type;

    /// <summary>What the array was given: version, shape, element type, order and bytes.</summary>
    internal PickleTuple? State { get; set; }

    /// <summary>The result of a call, or null where it makes no array.</summary>
    internal static PickleArray? Make(string function, object?[] arguments) =>
        ArrayFunctions.Contains(function) ? new PickleArray(null)
        : function == "numpy.dtype" && arguments is [string name, ..] ? new PickleArray(name)
        : null;

    /// <summary>The bytes of a matrix of uint8 in row-major order.</summary>
    /// <param name="rows">Its rows.</param>
    /// <param name="columns">Its columns.</param>
    /// <returns>Where they are in the pickle, or null if it is something else.</returns>
    internal PickleBytes? ByteMatrix(out long rows, out long columns)
    {
        (rows, columns) = (0, 0);
        if (State?.Items is not
            [_, PickleTuple { Items: [long height, long width] }, PickleArray { Type: "u1" or "|u1" }, false, PickleBytes bytes])
            return null;
        (rows, columns) = (height, width);
        bool fits = height > 0 && width > 0 && height <= bytes.Length && width == bytes.Length / height && height * width == bytes.Length;
        return fits ? bytes : null;
    }
}
