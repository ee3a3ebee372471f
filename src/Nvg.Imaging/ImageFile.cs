using Nvg.Imaging.Interop;
using Nvg.Torch.Files;

namespace Nvg.Imaging;

/// <summary>
/// Reads and writes image files through libvips; every method may be called from many threads.
/// <para>What is read becomes upright 8-bit sRGB: EXIF orientation is applied (illegal values count as upright), grey
/// becomes three equal channels, 16 bits become 8, transparent parts show white, CMYK is converted by its ICC profile
/// (or a general one), and of an animation the first frame counts. Other ICC profiles are ignored, as the ImageNet
/// pipelines ignore them: models are trained on the stored numbers.</para>
/// <para>JPEG, PNG, WebP, GIF, TIFF and HEIF are read. A file that breaks off is unusable, even where a part of it could
/// be decoded.</para>
/// </summary>
public static unsafe class ImageFile
{
    /// <summary>Larger images are refused: a small file can claim any size, and its pixels must fit into memory.</summary>
    public const long MaximumPixels = 1L << 28;

    private static readonly string[] ReadableExtensions =
        [".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".tif", ".tiff", ".heic", ".heif", ".avif"];

    /// <summary>Whether a file of this name is expected to be an image; upper and lower case do not matter.</summary>
    /// <param name="name">A file name or path.</param>
    public static bool HasImageName(string name) =>
        ReadableExtensions.Contains(Path.GetExtension(name), StringComparer.OrdinalIgnoreCase);

    /// <summary>Reads an image in its own size.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="NvgDataException">The file is missing or is no usable image.</exception>
    public static RgbImage Read(string path) => Decode(ReadBytes(path), path);

    /// <summary>Reads an image and resizes it so that its shorter side is <paramref name="shorterSide"/>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="shorterSide">Pixels of the shorter side, at least 1.</param>
    /// <exception cref="NvgDataException">The file is missing or is no usable image.</exception>
    public static RgbImage Read(string path, int shorterSide) => Decode(ReadBytes(path), path, shorterSide);

    /// <summary>Reads what a file says of its image, without decoding it.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="NvgDataException">The file is missing or is no usable image.</exception>
    public static ImageHeader ReadHeader(string path) => DecodeHeader(ReadBytes(path), path);

    /// <summary>What encoded bytes say of their image, without decoding it.</summary>
    /// <param name="encoded">The bytes of the file.</param>
    /// <param name="name">What to call it in an error.</param>
    /// <exception cref="NvgDataException">The bytes are no usable image.</exception>
    public static ImageHeader DecodeHeader(ReadOnlyMemory<byte> encoded, string name)
    {
        if (encoded.IsEmpty)
            throw NvgDataException.At(name, "is empty");
        return VipsCall.Run(name, () =>
        {
            using var pin = encoded.Pin();
            return ImageDecoder.Header((byte*)pin.Pointer, encoded.Length, name);
        });
    }

    /// <summary>Decodes an image in its own size.</summary>
    /// <param name="encoded">The bytes of the file.</param>
    /// <param name="name">What to call it in an error.</param>
    /// <exception cref="NvgDataException">The bytes are no usable image.</exception>
    public static RgbImage Decode(ReadOnlyMemory<byte> encoded, string name) => DecodeAny(encoded, name, null);

    /// <summary>
    /// Decodes an image and resizes it so that its shorter side is <paramref name="shorterSide"/>: Lanczos (a = 3) to
    /// make it smaller, after shrinking by a power of two inside the JPEG decoder where at least another factor of two
    /// remains; bicubic to enlarge it. An image that has the size already keeps its very pixels.
    /// </summary>
    /// <param name="encoded">The bytes of the file.</param>
    /// <param name="name">What to call it in an error.</param>
    /// <param name="shorterSide">Pixels of the shorter side, at least 1; the longer side is rounded.</param>
    /// <exception cref="NvgDataException">The bytes are no usable image.</exception>
    public static RgbImage Decode(ReadOnlyMemory<byte> encoded, string name, int shorterSide)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(shorterSide, 1);
        return DecodeAny(encoded, name, shorterSide);
    }

    /// <summary>Encodes an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="format">The format; its settings are those <see cref="ImageFormat"/> names.</param>
    public static byte[] Encode(RgbImage image, ImageFormat format)
    {
        ArgumentNullException.ThrowIfNull(image);
        return VipsCall.Run("encoding an image", () =>
        {
            fixed (byte* pixels = image.Pixels)
            {
                using VipsImage pixelImage = VipsImage.OverPixels(pixels, image.Width, image.Height);
                using VipsOperation save = Saver(format);
                return save.Set("in", pixelImage).RunToBytes();
            }
        });
    }

    /// <summary>Writes an image in the format that the extension of <paramref name="path"/> names, whole or not at all.</summary>
    /// <param name="path">A name ending in .png, .jpg, .jpeg, .webp or .gif.</param>
    /// <param name="image">The image.</param>
    /// <exception cref="ArgumentException">The extension names no format that can be written.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, RgbImage image) => AtomicFile.Write(path, Encode(image, FormatOf(path)));

    /// <summary>Encodes an animated GIF that repeats for ever.</summary>
    /// <param name="frames">At least one image, all of one size.</param>
    /// <param name="delays">How long each frame stands; GIF rounds to hundredths of a second, and browsers show frames
    /// under two hundredths slowly.</param>
    /// <exception cref="ArgumentException">There is no frame, sizes differ, or there are not as many delays as frames.</exception>
    public static byte[] EncodeAnimation(IReadOnlyList<RgbImage> frames, IReadOnlyList<TimeSpan> delays)
    {
        ArgumentNullException.ThrowIfNull(frames);
        ArgumentNullException.ThrowIfNull(delays);
        if (frames.Count == 0 || frames.Count != delays.Count)
            throw new ArgumentException($"{frames.Count} frames and {delays.Count} delays", nameof(delays));
        int[] milliseconds = [.. delays.Select(delay => checked((int)delay.TotalMilliseconds))];
        int height = frames[0].Height;
        // libvips takes an animation as one tall image and the height of its pages.
        RgbImage strip = ImageGrid.Compose(frames, columns: 1, padding: 0);
        return VipsCall.Run("encoding an animation", () =>
        {
            fixed (byte* pixels = strip.Pixels)
            fixed (int* delay = milliseconds)
            {
                using VipsImage image = VipsImage.OverPixels(pixels, strip.Width, strip.Height);
                Vips.SetImageInt(image, "page-height", height);
                Vips.SetImageInt(image, "loop", 0);
                Vips.SetImageInts(image, "delay", delay, milliseconds.Length);
                using VipsOperation save = Saver(ImageFormat.Gif);
                return save.Set("in", image).RunToBytes();
            }
        });
    }

    /// <summary>Writes an animated GIF, whole or not at all.</summary>
    /// <param name="path">The file to write.</param>
    /// <param name="frames">At least one image, all of one size.</param>
    /// <param name="delays">How long each frame stands.</param>
    /// <exception cref="ArgumentException">There is no frame, sizes differ, or there are not as many delays as frames.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void WriteAnimation(string path, IReadOnlyList<RgbImage> frames, IReadOnlyList<TimeSpan> delays) =>
        AtomicFile.Write(path, EncodeAnimation(frames, delays));

    /// <summary>The format that a file name asks for.</summary>
    /// <param name="path">A name ending in .png, .jpg, .jpeg, .webp or .gif.</param>
    /// <exception cref="ArgumentException">The extension names no format that can be written.</exception>
    public static ImageFormat FormatOf(string path) => Path.GetExtension(path).ToUpperInvariant() switch
    {
        ".PNG" => ImageFormat.Png,
        ".JPG" or ".JPEG" => ImageFormat.Jpeg,
        ".WEBP" => ImageFormat.WebP,
        ".GIF" => ImageFormat.Gif,
        var other => throw new ArgumentException(
            $"{path}: '{other}' is no image format that can be written; use .png, .jpg, .webp or .gif", nameof(path)),
    };

    private static byte[] ReadBytes(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NvgDataException.At(path, "cannot be read", e.Message, e);
        }
    }

    private static RgbImage DecodeAny(ReadOnlyMemory<byte> encoded, string name, int? shorterSide)
    {
        if (encoded.IsEmpty)
            throw NvgDataException.At(name, "is empty");
        return VipsCall.Run(name, () =>
        {
            using var pin = encoded.Pin();
            return ImageDecoder.Decode((byte*)pin.Pointer, encoded.Length, name, shorterSide);
        });
    }

    private static VipsOperation Saver(ImageFormat format) => format switch
    {
        ImageFormat.Png => VipsOperation.New("pngsave_buffer"),
        ImageFormat.Jpeg => VipsOperation.New("jpegsave_buffer").Set("Q", 95).Set("subsample-mode", "off"),
        ImageFormat.WebP => VipsOperation.New("webpsave_buffer").Set("lossless", "true"),
        ImageFormat.Gif => VipsOperation.New("gifsave_buffer"),
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, null),
    };
}
