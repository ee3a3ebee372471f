using System.Text;

namespace Nvg.Torch.Files;

/// <summary>The kind of a file, detected from its first bytes, so that error messages can name it.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Description">The kind in words: <c>a JPEG image</c>.</param>
internal readonly record struct FileContent(FileContentKind Kind, string Description)
{
    /// <summary>Maximum number of bytes from the start of a file that <see cref="Of"/> needs.</summary>
    internal const int HeadLength = 512;

    private static readonly (string Magic, int Offset, FileContentKind Kind, string Description)[] Known =
    [
        ("\u00FF\u00D8\u00FF", 0, FileContentKind.Image, "a JPEG image"),
        ("\u0089PNG", 0, FileContentKind.Image, "a PNG image"),
        ("GIF8", 0, FileContentKind.Image, "a GIF image"),
        ("WEBP", 8, FileContentKind.Image, "a WebP image"),
        ("II*\0", 0, FileContentKind.Image, "a TIFF image"),
        ("MM\0*", 0, FileContentKind.Image, "a TIFF image"),
        ("BM", 0, FileContentKind.UnreadImage, "BMP"),
        ("P1", 0, FileContentKind.UnreadImage, "PPM"),
        ("P2", 0, FileContentKind.UnreadImage, "PPM"),
        ("P3", 0, FileContentKind.UnreadImage, "PPM"),
        ("P4", 0, FileContentKind.UnreadImage, "PPM"),
        ("P5", 0, FileContentKind.UnreadImage, "PPM"),
        ("P6", 0, FileContentKind.UnreadImage, "PPM"),
        ("\u00FF\u000A", 0, FileContentKind.UnreadImage, "JPEG XL"),
        ("JXL ", 4, FileContentKind.UnreadImage, "JPEG XL"),
        ("\0\0\0\u000CjP  ", 0, FileContentKind.UnreadImage, "JPEG 2000"),
        ("\u00FF\u004F\u00FF\u0051", 0, FileContentKind.UnreadImage, "JPEG 2000"),
        ("8BPS", 0, FileContentKind.UnreadImage, "Photoshop"),
        ("v/1\u0001", 0, FileContentKind.UnreadImage, "OpenEXR"),
        ("#?RADIANCE", 0, FileContentKind.UnreadImage, "Radiance"),
        ("\0\0\u0001\0", 0, FileContentKind.UnreadImage, "ICO"),
        ("%PDF", 0, FileContentKind.UnreadImage, "PDF"),
        ("\u001F\u008B", 0, FileContentKind.Gzip, "a gzip file"),
        ("PK\u0003\u0004", 0, FileContentKind.Zip, "a zip archive"),
        ("PK\u0005\u0006", 0, FileContentKind.Zip, "an empty zip archive"),
        ("PAR1", 0, FileContentKind.Parquet, "a Parquet file"),
        ("ustar", 257, FileContentKind.Tar, "a tar archive"),
        ("\u00FD7zXZ\0", 0, FileContentKind.Other, "a file compressed with xz"),
        ("\u0028\u00B5\u002F\u00FD", 0, FileContentKind.Other, "a file compressed with zstd"),
        ("BZh", 0, FileContentKind.Other, "a file compressed with bzip2"),
        ("7z\u00BC\u00AF\u0027\u001C", 0, FileContentKind.Other, "a 7z archive"),
        ("Rar!", 0, FileContentKind.Other, "a RAR archive"),
        ("\u0080\u0002", 0, FileContentKind.Pickle, "a Python pickle"),
        ("\u0080\u0003", 0, FileContentKind.Pickle, "a Python pickle"),
        ("\u0080\u0004", 0, FileContentKind.Pickle, "a Python pickle"),
        ("\u0080\u0005", 0, FileContentKind.Pickle, "a Python pickle"),
        ("\u0093NUMPY", 0, FileContentKind.Other, "a NumPy array"),
        ("\u0089HDF", 0, FileContentKind.Other, "an HDF5 file"),
        ("GGUF", 0, FileContentKind.Other, "a GGUF file"),
        ("version https://git-lfs", 0, FileContentKind.Pointer, "a Git LFS pointer, not the file itself; run git lfs pull"),
    ];

    private static readonly string[] HeifBrands = ["heic", "heix", "hevc", "hevx", "mif1", "msf1", "avif", "avis"];

    /// <summary>The problem with a file of this kind, independent of its intended use; null if that depends on the use.</summary>
    internal string? Problem => Kind switch
    {
        FileContentKind.Empty => "is empty",
        FileContentKind.Pointer => "is a Git LFS pointer, not the file itself",
        FileContentKind.WebPage => "is a web page, not the file itself",
        _ => null,
    };

    /// <summary>How to fix <see cref="Problem"/>, or null if there is none.</summary>
    internal string? Remedy => Kind switch
    {
        FileContentKind.Empty => "download or create it again",
        FileContentKind.Pointer => "run git lfs pull in the repository it came from",
        FileContentKind.WebPage => "download it again; signing in may be required",
        _ => null,
    };

    /// <summary>Problem and remedy in one text, or null.</summary>
    internal string? Refusal => Problem is { } problem ? $"{problem}; {Remedy}" : null;

    /// <summary>Detects the kind of a file.</summary>
    /// <param name="content">At least its first <see cref="HeadLength"/> bytes, or all of a shorter file.</param>
    internal static FileContent Of(ReadOnlySpan<byte> content)
    {
        ReadOnlySpan<byte> head = content[..Math.Min(content.Length, HeadLength)];
        if (head.IsEmpty)
            return new FileContent(FileContentKind.Empty, "empty");
        foreach ((string magic, int offset, FileContentKind kind, string description) in Known)
        {
            if (HasAt(head, magic, offset))
                return new FileContent(kind, description);
        }

        bool isHeif = HasAt(head, "ftyp", 4) && head.Length >= 12 && HeifBrands.Contains(Encoding.Latin1.GetString(head.Slice(8, 4)));
        return isHeif ? new FileContent(FileContentKind.Image, "a HEIF image") : OfText(head);
    }

    /// <summary>Detects the kind of a file; null if it cannot be read.</summary>
    internal static FileContent? OfFile(string path)
    {
        if (!File.Exists(path))
            return null;
        try
        {
            using FileStream stream = File.OpenRead(path);
            byte[] head = new byte[HeadLength];
            return Of(head.AsSpan(0, stream.ReadAtLeast(head, HeadLength, throwOnEndOfStream: false)));
        }
        catch (Exception error) when (FileFailure.IsFileError(error))
        {
            // The error is reported by the code that needs the content.
            return null;
        }
    }

    private static FileContent OfText(ReadOnlySpan<byte> head)
    {
        string text = Encoding.Latin1.GetString(head).TrimStart('\u00EF', '\u00BB', '\u00BF', ' ', '\n', '\r', '\t');
        if (Starts("<!doctype html") || Starts("<html"))
            return new FileContent(FileContentKind.WebPage, "a web page, perhaps an error page of the server");
        if (Starts("<svg") || (Starts("<?xml") && text.Contains("<svg", StringComparison.OrdinalIgnoreCase)))
            return new FileContent(FileContentKind.UnreadImage, "SVG");
        bool isText = head.IndexOfAnyInRange((byte)0, (byte)8) < 0 && head.IndexOfAnyInRange((byte)14, (byte)31) < 0;
        return new FileContent(FileContentKind.Other, isText ? "text" : "an unknown format");

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
