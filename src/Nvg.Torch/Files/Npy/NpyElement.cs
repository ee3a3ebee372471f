using System.Diagnostics.CodeAnalysis;

namespace Nvg.Torch.Files.Npy;

/// <summary>The supported NumPy element types, all little-endian.</summary>
[SuppressMessage("Naming", "CA1720", Justification = "These are names of types in NumPy too.")]
public enum NpyElement
{
    /// <summary><c>|u1</c></summary>
    UInt8,

    /// <summary><c>&lt;i4</c></summary>
    Int32,

    /// <summary><c>&lt;i8</c></summary>
    Int64,

    /// <summary><c>&lt;f4</c></summary>
    Float32,

    /// <summary><c>&lt;f8</c></summary>
    Float64,
}
