using System.Text;

namespace Nvg.Cli.Arguments;

/// <summary>Recognises files that are not what their name says, so that a refusal tells what they are.</summary>
internal static class InputFile
{
    private const int HeadLength = 512;

    private static readonly (byte[] Start, string Name)[] UnsafeImages =
    [
        ("BM"u8.ToArray(), "BMP"), ("P1"u8.ToArray(), "PPM"), ("P2"u8.ToArray(), "PPM"), ("P3"u8.ToArray(), "PPM"),
        ("P4"u8.ToArray(), "PPM"),
        ("P5"u8.ToArray(), "PPM"), ("P6"u8.ToArray(), "PPM"), ([0xFF, 0x0A], "JPEG XL"),
        ([0, 0, 0, 0x0C, 0x4A, 0x58, 0x4C, 0x20], "JPEG XL"),
    ];

    /// <summary>Throws if a file is a Git LFS pointer, a web page or empty. Folders and missing files pass.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="NvgDataException">The file is one of these.</exception>
    internal static void RequireContent(string path)
    {
        if (Head(path) is not { } head)
            return;
        string text = Encoding.UTF8.GetString(head).TrimStart('\uFEFF', ' ', '\t', '\r', '\n');
        if (head.Length == 0)
            throw NvgDataException.At(path, "is empty", "download or create it again");
        if (text.StartsWith("version https://git-lfs", StringComparison.Ordinal))
            throw NvgDataException.At(path, "is a Git LFS pointer, not the file itself", "run git lfs pull in the repository it came from");
        if (StartsWithAny(text, "<!doctype html", "<html"))
            throw NvgDataException.At(path, "is a web page, not the file itself", "download it again; signing in may be required");
    }

    /// <summary>Throws if a file cannot be an image that is read: as above, or in a format that is not read for safety.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="NvgDataException">The file is one of these.</exception>
    internal static void RequireImage(string path)
    {
        RequireContent(path);
        if (Head(path) is not { } head)
            return;
        string text = Encoding.UTF8.GetString(head).TrimStart('\uFEFF', ' ', '\t', '\r', '\n');
        bool isSvg =
            StartsWithAny(text, "<svg") || (StartsWithAny(text, "<?xml") && text.Contains("<svg", StringComparison.OrdinalIgnoreCase));
        string? format = isSvg ? "SVG" : UnsafeImages.FirstOrDefault(f => head.AsSpan().StartsWith(f.Start)).Name;
        if (format is not null)
            throw NvgDataException.At(path, $"is in {format} format, which is not read for safety",
                "convert it to PNG, JPEG, WebP, GIF or TIFF");
    }

    private static bool StartsWithAny(string text, params ReadOnlySpan<string> starts)
    {
        foreach (string start in starts)
        {
            if (text.StartsWith(start, StringComparison.OrdinalIgnoreCase))
                return true;
        }

        return false;
    }

    private static byte[]? Head(string path)
    {
        if (!File.Exists(path))
            return null;
        try
        {
            using FileStream stream = File.OpenRead(path);
            byte[] head = new byte[HeadLength];
            int length = stream.ReadAtLeast(head, HeadLength, throwOnEndOfStream: false);
            return head[..length];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The reader of the file reports it.
            return null;
        }
    }
}
