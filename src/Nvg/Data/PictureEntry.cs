namespace Nvg.Data;

/// <summary>One file that a <see cref="PictureSource"/> came upon.</summary>
public sealed class PictureEntry
{
    private readonly Func<byte[]> _read;

    internal PictureEntry(string name, string className, Func<byte[]> read) =>
        (Name, ClassName, _read) = (name, className, read);

    internal PictureEntry(string name, string notAPicture)
        : this(name, string.Empty, () => []) => NotAPicture = notAPicture;

    /// <summary>The path inside the source, parts separated by '/'.</summary>
    public string Name { get; }

    /// <summary>The class it belongs to.</summary>
    public string ClassName { get; }

    /// <summary>Why it is no picture to read, or null where it is one.</summary>
    public string? NotAPicture { get; }

    /// <summary>The encoded bytes.</summary>
    /// <exception cref="NvgDataException">The file cannot be read.</exception>
    public byte[] Read() => _read();
}
