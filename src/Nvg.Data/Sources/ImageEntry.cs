namespace Nvg.Data.Sources;

/// <summary>One file that an <see cref="ImageSource"/> came upon.</summary>
public sealed class ImageEntry
{
    private readonly Func<byte[]> _read;

    internal ImageEntry(string name, string className, Func<byte[]> read) =>
        (Name, ClassName, _read) = (name, className, read);

    internal ImageEntry(string name, string notAImage)
        : this(name, string.Empty, () => []) => NotAImage = notAImage;

    /// <summary>The path inside the source, parts separated by '/'.</summary>
    public string Name { get; }

    /// <summary>The class it belongs to.</summary>
    public string ClassName { get; }

    /// <summary>Why it is no image to read, or null where it is one.</summary>
    public string? NotAImage { get; }

    /// <summary>The encoded bytes.</summary>
    /// <exception cref="NvgDataException">The file cannot be read.</exception>
    public byte[] Read() => _read();
}
