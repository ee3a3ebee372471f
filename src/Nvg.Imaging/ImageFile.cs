using Nvg.Torch.Files;

namespace Nvg.Imaging;

/// <summary>
/// Reads and writes image files with libvips. All methods are thread-safe.
/// <para>Images are converted to upright 8-bit sRGB: EXIF orientation is applied (invalid values count as upright); an embedded ICC profile
/// that fits the image is converted to sRGB (relative colorimetric; a profile that is damaged or made for a different number of channels is
/// ignored); grey becomes three equal channels; 16 bits become 8; transparent parts become white; CMYK without a profile is converted with
/// a generic one; and only the first frame of an animation is used. <see cref="ReadMap"/> keeps the values of the file instead.</para>
/// <para>Supported formats are JPEG, PNG, WebP, GIF, TIFF and AVIF. A truncated file is rejected, even if a part of it could be
/// decoded.</para>
/// </summary>
public static class ImageFile
{
    /// <summary>Larger images are rejected: a small file can claim any size, and its pixels must fit into memory.</summary>
    public const long MaximumPixels = 1L << 28;

    private static readonly string[] ReadableExtensions =
        [".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".tif", ".tiff", ".heic", ".heif", ".avif"];

    /// <summary>Whether a file with this name is expected to be an image; case-insensitive.</summary>
    /// <param name="name">A file name or path.</param>
    public static bool HasImageName(string name) =>
        ReadableExtensions.Contains(Path.GetExtension(name), StringComparer.OrdinalIgnoreCase);

    /// <summary>Reads an image in its original size.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="NvgDataException">The file is missing or is not a usable image.</exception>
    public static RgbImage Read(string path) => Decode(ReadBytes(path), path);

    /// <summary>Reads an image and resizes it so that its shorter side is <paramref name="shorterSide"/>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="shorterSide">Pixels of the shorter side, at least 1.</param>
    /// <exception cref="NvgDataException">The file is missing or is not a usable image.</exception>
    public static RgbImage Read(string path, int shorterSide) => Decode(ReadBytes(path), path, shorterSide);

    /// <summary>Reads the image header of a file without decoding the image.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="NvgDataException">The file is missing or is not a usable image.</exception>
    public static ImageHeader ReadHeader(string path) => DecodeHeader(ReadBytes(path), path);

    /// <summary>Reads the image header of encoded bytes without decoding the image.</summary>
    /// <param name="encoded">The bytes of the file.</param>
    /// <param name="name">Name of the image in error messages.</param>
    /// <exception cref="NvgDataException">The bytes are not a usable image.</exception>
    public static ImageHeader DecodeHeader(ReadOnlyMemory<byte> encoded, string name) =>
        Run(encoded, name, () => ImageDecoder.Header(encoded, name));

    /// <summary>Decodes an image in its original size.</summary>
    /// <param name="encoded">The bytes of the file.</param>
    /// <param name="name">Name of the image in error messages.</param>
    /// <exception cref="NvgDataException">The bytes are not a usable image.</exception>
    public static RgbImage Decode(ReadOnlyMemory<byte> encoded, string name) => DecodeAny(encoded, name, null);

    /// <summary>
    /// Decodes an image and resizes it so that its shorter side is <paramref name="shorterSide"/>: Lanczos (a = 3) for downsampling, after
    /// shrinking by a power of two in the JPEG decoder if at least another factor of two remains; bicubic for upsampling. An image that
    /// already has this size is unchanged.
    /// </summary>
    /// <param name="encoded">The bytes of the file.</param>
    /// <param name="name">Name of the image in error messages.</param>
    /// <param name="shorterSide">Pixels of the shorter side, at least 1; the longer side is rounded.</param>
    /// <exception cref="NvgDataException">The bytes are not a usable image.</exception>
    public static RgbImage Decode(ReadOnlyMemory<byte> encoded, string name, int shorterSide)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(shorterSide, 1);
        return DecodeAny(encoded, name, shorterSide);
    }

    /// <summary>Reads a map with one value per pixel, such as depth, keeping the values of the file.</summary>
    /// <param name="path">A file with one channel (transparency is ignored) or RGB, of which the Rec. 601 luma is used.</param>
    /// <exception cref="NvgDataException">The file is missing or is not a usable map.</exception>
    public static ScalarMap ReadMap(string path) => DecodeMap(ReadBytes(path), path);

    /// <summary>Decodes a map with one value per pixel (see <see cref="ReadMap"/>).</summary>
    /// <param name="encoded">The bytes of the file.</param>
    /// <param name="name">Name of the image in error messages.</param>
    /// <exception cref="NvgDataException">The bytes are not a usable map.</exception>
    public static ScalarMap DecodeMap(ReadOnlyMemory<byte> encoded, string name)
    {
        ScalarMap map = Run(encoded, name, () => ImageDecoder.Map(encoded, name));
        return !map.Values.All(float.IsFinite)
            ? throw NvgDataException.At(name, "holds values that are not finite", "replace them, for example by the largest depth")
            : map;
    }

    /// <summary>
    /// Reads the transparency of an image, which some editors use to save a mask: white where it is at least half transparent, otherwise
    /// black.
    /// </summary>
    /// <param name="encoded">The bytes of the file.</param>
    /// <param name="name">Name of the image in error messages.</param>
    /// <returns>The mask, or null if the image has no transparency channel.</returns>
    /// <exception cref="NvgDataException">The bytes are not a usable image.</exception>
    public static RgbImage? DecodeTransparency(ReadOnlyMemory<byte> encoded, string name) =>
        Run(encoded, name, () => ImageDecoder.Transparency(encoded, name));

    /// <summary>Throws if a file is an image in a format that is not supported for security reasons.</summary>
    internal static void RequireReadFormat(FileContent content, string name)
    {
        if (content.Kind == FileContentKind.UnreadImage)
        {
            throw NvgDataException.At(name, $"is in {content.Description} format, which is not supported for security reasons",
                "convert it to PNG, JPEG, WebP, AVIF, GIF or TIFF");
        }
    }

    /// <summary>Encodes an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="format">The format, with the settings described at <see cref="ImageFormat"/>.</param>
    public static byte[] Encode(RgbImage image, ImageFormat format)
    {
        ArgumentNullException.ThrowIfNull(image);
        return VipsCall.Run("encoding an image", () => ImageEncoder.Encode(image, format));
    }

    /// <summary>Writes an image atomically, in the format given by the extension of <paramref name="path"/>.</summary>
    /// <param name="path">A name ending in .png, .jpg, .jpeg, .webp or .gif.</param>
    /// <param name="image">The image.</param>
    /// <exception cref="ArgumentException">The extension does not belong to a format that can be written.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, RgbImage image) => AtomicFile.Write(path, Encode(image, FormatOf(path)));

    /// <summary>Encodes an animated GIF that repeats forever.</summary>
    /// <param name="frames">At least one image, all of the same size.</param>
    /// <param name="delays">
    /// Display duration of each frame. GIF rounds to hundredths of a second, and browsers slow down frames shorter than two hundredths.
    /// </param>
    /// <exception cref="ArgumentException">
    /// There are no frames, their sizes differ, or the number of delays differs from the number of frames.
    /// </exception>
    public static byte[] EncodeAnimation(IReadOnlyList<RgbImage> frames, IReadOnlyList<TimeSpan> delays)
    {
        ArgumentNullException.ThrowIfNull(frames);
        ArgumentNullException.ThrowIfNull(delays);
        if (frames.Count == 0 || frames.Count != delays.Count)
            throw new ArgumentException($"{frames.Count} frames and {delays.Count} delays", nameof(delays));
        int[] milliseconds = [.. delays.Select(delay => checked((int)delay.TotalMilliseconds))];
        int height = frames[0].Height;
        // libvips represents an animation as one tall image plus the page height.
        RgbImage strip = ImageGrid.Compose(frames, columns: 1, padding: 0);
        return VipsCall.Run("encoding an animation", () => ImageEncoder.EncodeFrames(strip, height, milliseconds));
    }

    /// <summary>Writes an animated GIF atomically.</summary>
    /// <param name="path">The file to write.</param>
    /// <param name="frames">At least one image, all of the same size.</param>
    /// <param name="delays">Display duration of each frame.</param>
    /// <exception cref="ArgumentException">
    /// There are no frames, their sizes differ, or the number of delays differs from the number of frames.
    /// </exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void WriteAnimation(string path, IReadOnlyList<RgbImage> frames, IReadOnlyList<TimeSpan> delays) =>
        AtomicFile.Write(path, EncodeAnimation(frames, delays));

    /// <summary>The format that corresponds to a file name.</summary>
    /// <param name="path">A name ending in .png, .jpg, .jpeg, .webp or .gif.</param>
    /// <exception cref="ArgumentException">The extension does not belong to a format that can be written.</exception>
    public static ImageFormat FormatOf(string path) => Path.GetExtension(path).ToUpperInvariant() switch
    {
        ".PNG" => ImageFormat.Png,
        ".JPG" or ".JPEG" => ImageFormat.Jpeg,
        ".WEBP" => ImageFormat.WebP,
        ".GIF" => ImageFormat.Gif,
        var other => throw new ArgumentException(
            $"{path}: '{other}' is not an image format that can be written; use .png, .jpg, .webp or .gif", nameof(path)),
    };

    internal static byte[] ReadBytes(string path) => FileFailure.Reading(path, () => File.ReadAllBytes(path));

    private static RgbImage DecodeAny(ReadOnlyMemory<byte> encoded, string name, int? shorterSide) =>
        Run(encoded, name, () => ImageDecoder.Decode(encoded, name, shorterSide));

    private static T Run<T>(ReadOnlyMemory<byte> encoded, string name, Func<T> work) => encoded.IsEmpty
        ? throw NvgDataException.At(name, "is empty")
        : VipsCall.RunOn(name, encoded.Length, work);
}
