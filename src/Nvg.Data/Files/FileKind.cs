using System.Text;

namespace Nvg.Data.Files;

/// <summary>What a file is, told by its first bytes.</summary>
/// <param name="Role">How the file can be used.</param>
/// <param name="Description">The kind in words, for messages: <c>a JPEG image</c>.</param>
internal readonly record struct FileKind(FileRole Role, string Description)
{
    /// <summary>Bytes from the start of a file that <see cref="Of"/> needs at most.</summary>
    internal const int HeadLength = 512;

    private static readonly (string Magic, int Offset, FileRole Role, string Description)[] Known =
    [
        ("\u00FF\u00D8\u00FF", 0, FileRole.Image, "a JPEG image"),
        ("\u0089PNG", 0, FileRole.Image, "a PNG image"),
        ("GIF8", 0, FileRole.Image, "a GIF image"),
        ("WEBP", 8, FileRole.Image, "a WebP image"),
        ("II*\0", 0, FileRole.Image, "a TIFF image"),
        ("MM\0*", 0, FileRole.Image, "a TIFF image"),
        ("\u001F\u008B", 0, FileRole.Gzip, "a gzip file"),
        ("PK\u0003\u0004", 0, FileRole.Zip, "a zip archive"),
        ("PK\u0005\u0006", 0, FileRole.Zip, "an empty zip archive"),
        ("PAR1", 0, FileRole.Parquet, "a Parquet file"),
        ("ustar", 257, FileRole.Tar, "a tar archive"),
        ("\u00FD7zXZ\0", 0, FileRole.Other, "a file compressed with xz"),
        ("\u0028\u00B5\u002F\u00FD", 0, FileRole.Other, "a file compressed with zstd"),
        ("BZh", 0, FileRole.Other, "a file compressed with bzip2"),
        ("7z\u00BC\u00AF\u0027\u001C", 0, FileRole.Other, "a 7z archive"),
        ("Rar!", 0, FileRole.Other, "a RAR archive"),
        ("\u0080\u0002", 0, FileRole.Other, Pickle),
        ("\u0080\u0003", 0, FileRole.Other, Pickle),
        ("\u0080\u0004", 0, FileRole.Other, Pickle),
        ("\u0093NUMPY", 0, FileRole.Other, "a NumPy array"),
        ("\u0089HDF", 0, FileRole.Other, "an HDF5 file"),
        ("BM", 0, FileRole.Other, "a BMP image"),
        ("\u00FF\u000A", 0, FileRole.Other, "a JPEG XL image"),
        ("JXL ", 4, FileRole.Other, "a JPEG XL image"),
        ("%PDF", 0, FileRole.Other, "a PDF document"),
        ("version https://git-lfs", 0, FileRole.Other, "a Git LFS pointer, not the file itself; run git lfs pull"),
    ];

    private const string Empty = "empty", Pickle = "a Python pickle (of CIFAR the binary archive is read)";

    private static readonly string[] HeifBrands = ["heic", "heix", "hevc", "hevx", "mif1", "msf1", "avif", "avis"];

    /// <summary>Why a file of this kind is not an image, or null if it is one.</summary>
    internal string? NotAnImage =>
        Role == FileRole.Image ? null : Description == Empty ? "is empty" : $"is not a readable image: {Description}";

    /// <summary>Why a file of this kind is not a source of images.</summary>
    internal string NotASource => Description == Empty ? "is empty" : $"is not a readable archive: {Description}";

    /// <summary>Tells what a file is.</summary>
    /// <param name="content">At least its first <see cref="HeadLength"/> bytes, or all of a shorter file.</param>
    internal static FileKind Of(ReadOnlySpan<byte> content)
    {
        ReadOnlySpan<byte> head = content[..Math.Min(content.Length, HeadLength)];
        if (head.IsEmpty)
            return new FileKind(FileRole.Other, Empty);
        foreach ((string magic, int offset, FileRole role, string description) in Known)
        {
            if (HasAt(head, magic, offset))
                return new FileKind(role, description);
        }

        if (HasAt(head, "ftyp", 4) && head.Length >= 12 && HeifBrands.Contains(Encoding.Latin1.GetString(head.Slice(8, 4))))
            return new FileKind(FileRole.Image, "a HEIF image");
        return TarHeader.IsHeader(head) ? new FileKind(FileRole.Tar, "a tar archive") : OfText(head);
    }

    private static FileKind OfText(ReadOnlySpan<byte> head)
    {
        string text = Encoding.Latin1.GetString(head).TrimStart('\u00EF', '\u00BB', '\u00BF', ' ', '\n', '\r', '\t');
        if (Starts("<!doctype html") || Starts("<html"))
            return new FileKind(FileRole.Other, "a web page, perhaps an error page of the server");
        if (Starts("<svg"))
            return new FileKind(FileRole.Other, "an SVG drawing");
        bool isText = head.IndexOfAnyInRange((byte)0, (byte)8) < 0 && head.IndexOfAnyInRange((byte)14, (byte)31) < 0;
        return new FileKind(FileRole.Other, isText ? "text" : "an unknown format");

        bool Starts(string start) => text.StartsWith(start, StringComparison.OrdinalIgnoreCase);
    }

    private static bool HasAt(ReadOnlySpan<byte> head, string magic, int offset)
    {
        if (head.Length < offset + magic.Length)
            return false;
        for (int i = 0; i < magic.Length; i++)
        {
            if (head[offset + i] != magic[i])
                return false;
        }

        return true;
    }
}
