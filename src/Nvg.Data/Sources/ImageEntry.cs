namespace Nvg.Data.Sources;

/// <summary>One file of an <see cref="ImageSource"/>.</summary>
public sealed class ImageEntry
{
    private readonly Func<byte[]> _read;

    /// <summary>Creates an entry for a file to decode.</summary>
    internal ImageEntry(string name, string className, Func<byte[]> read) =>
        (Name, ClassName, _read) = (name, className, read);

    /// <summary>Creates an entry for a file that is not read.</summary>
    internal ImageEntry(string name, string reason)
        : this(name, string.Empty, () => []) => NotAImage = reason;

    /// <summary>The path within the source, with parts separated by '/'. Bytes that are not text are escaped.</summary>
    public string Name { get; }

    /// <summary>The class of the image.</summary>
    public string ClassName { get; }

    /// <summary>The reason why the file is not read as an image, or null if it is.</summary>
    public string? NotAImage { get; }

    /// <summary>
    /// Whether the file is ignored by convention, such as a hidden file. This is not an error even if all files must be images.
    /// </summary>
    public bool IsPassedOver { get; internal init; }

    /// <summary>Whether the class comes from a label stored with the image instead of its folder.</summary>
    internal bool IsLabelled { get; init; }

    /// <summary>The encoded bytes.</summary>
    /// <exception cref="NvgDataException">The file cannot be read.</exception>
    public byte[] Read() => _read();
}
