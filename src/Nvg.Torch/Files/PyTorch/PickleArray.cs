namespace Nvg.Torch.Files.PyTorch;

/// <summary>A NumPy array or element type in a pickle, as inert data.</summary>
/// <param name="type">The name of an element type, such as <c>u1</c>; null for an array.</param>
internal sealed class PickleArray(string? type)
{
    private static readonly string[] ArrayFunctions = ["numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct"];

    /// <summary>The name of an element type; null for an array.</summary>
    internal string? Type => type;

    /// <summary>The state of the array: version, shape, element type, order and bytes.</summary>
    internal PickleTuple? State { get; set; }

    /// <summary>Evaluates a call; null if it does not create an array.</summary>
    internal static PickleArray? Make(string function, object?[] arguments) =>
        ArrayFunctions.Contains(function) ? new PickleArray(null)
        : function == "numpy.dtype" && arguments is [string name, ..] ? new PickleArray(name)
        : null;

    /// <summary>Finds the bytes of a uint8 matrix in row-major order.</summary>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Number of columns.</param>
    /// <returns>The range of the bytes in the pickle, or null if the array is something else.</returns>
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
