using System.Runtime.InteropServices;
using Nvg.Imaging.Interop;

namespace Nvg.Imaging;

/// <summary>The steps from encoded bytes to upright 8-bit sRGB.</summary>
internal static unsafe class ImageDecoder
{
    /// <summary>Decodes; <paramref name="bytes"/> must not move meanwhile.</summary>
    internal static RgbImage Decode(byte* bytes, int length, string name, int? shorterSide)
    {
        using VipsImage source = Open(bytes, length, name, "sequential");
        RequireReasonableSize(source, name);
        (int width, int height) = UprightSize(source);
        if (shorterSide is { } side && side != Math.Min(width, height))
        {
            RequireReasonableSize((long)Scaled(width, side, height) * Scaled(height, side, width), name);
            using VipsImage resized = Resize(bytes, length, Scaled(width, side, height), Scaled(height, side, width));
            return ToImage(resized, name);
        }

        if (source.Orientation == 1)
            return ToImage(source, name);
        // Turning reads pixels out of their order in the file.
        using VipsImage scattered = Open(bytes, length, name, "random");
        using VipsOperation turn = VipsOperation.New("autorot").Set("in", scattered);
        using VipsImage upright = turn.Run();
        return ToImage(upright, name);
    }

    /// <summary>What the bytes say of their image; <paramref name="bytes"/> must not move meanwhile.</summary>
    internal static ImageHeader Header(byte* bytes, int length, string name)
    {
        using VipsImage source = Open(bytes, length, name, "sequential");
        (int width, int height) = UprightSize(source);
        // One channel, or one and transparency.
        return new ImageHeader(width, height, source.Bands < RgbImage.Channels);
    }

    // Orientations 5 to 8 exchange the sides.
    private static (int Width, int Height) UprightSize(VipsImage source) =>
        source.Orientation < 5 ? (source.Width, source.Height) : (source.Height, source.Width);

    private static VipsImage Open(byte* bytes, int length, string name, string access)
    {
        byte* loader = Vips.FindLoader(bytes, (nuint)length);
        if (loader == null)
            throw NvgDataException.At(name, "is not an image in a known format", "give JPEG, PNG, WebP, GIF, TIFF or HEIF");
        using VipsOperation load = VipsOperation.New(Marshal.PtrToStringUTF8((nint)loader)!);
        return load.Set("buffer", bytes, length).Set("access", access).Set("fail-on", "error").Run();
    }

    private static VipsImage Resize(byte* bytes, int length, int width, int height)
    {
        // In 8.14 the fail-on argument of thumbnail_buffer does not reach the loader; the option string does.
        using VipsOperation thumbnail = VipsOperation.New("thumbnail_buffer");
        return thumbnail.Set("buffer", bytes, length).Set("width", width).Set("height", height)
            .Set("size", "force").Set("option-string", "[fail-on=error]").Run();
    }

    /// <summary>The length of one side when the shorter one becomes <paramref name="shorterSide"/>.</summary>
    private static int Scaled(int side, int shorterSide, int otherSide) => side <= otherSide
        ? shorterSide
        : checked((int)Math.Round((double)side * shorterSide / otherSide, MidpointRounding.AwayFromZero));

    private static RgbImage ToImage(VipsImage image, string name)
    {
        using VipsOperation convert = VipsOperation.New("colourspace").Set("in", image).Set("space", "srgb");
        using VipsImage colours = convert.Run();
        using VipsImage opaque = colours.Bands > RgbImage.Channels ? OnWhite(colours) : null!;
        using VipsOperation narrow = VipsOperation.New("cast").Set("in", opaque ?? colours).Set("format", "uchar");
        using VipsImage bytes = narrow.Run();
        if (bytes.Bands != RgbImage.Channels)
            throw NvgDataException.At(name, $"has {image.Bands} channels that are no colours", "convert it to RGB");
        return bytes.ToImage();
    }

    private static VipsImage OnWhite(VipsImage image)
    {
        using VipsOperation flatten = VipsOperation.New("flatten").Set("in", image).Set("background", "255 255 255");
        return flatten.Run();
    }

    private static void RequireReasonableSize(VipsImage image, string name) =>
        RequireReasonableSize((long)image.Width * image.Height, name);

    private static void RequireReasonableSize(long pixels, string name)
    {
        if (pixels > ImageFile.MaximumPixels)
        {
            throw NvgDataException.At(
                name, $"has {pixels / 1_000_000} million pixels where {ImageFile.MaximumPixels / 1_000_000} million are the most", "make it smaller");
        }
    }
}
