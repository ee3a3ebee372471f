using System.Runtime.InteropServices;
using NetVips;
using Nvg.Torch.Files;

namespace Nvg.Imaging;

/// <summary>The steps from encoded bytes to upright 8-bit sRGB.</summary>
internal static class ImageDecoder
{
    private const string OrientationField = "orientation";
    private const string JpegLoader = "VipsForeignLoadJpegBuffer";
    private const int LargestJpegShrink = 8;
    // libvips keeps every intermediate result of an image that is fetched in one piece, so this bounds the memory of a call.
    private const int MostPixelsInOnePiece = 1 << 16;
    private const int Upright = 1, FirstTurned = 5, LastOrientation = 8;

    internal static RgbImage Decode(ReadOnlyMemory<byte> encoded, string name, int? shorterSide)
    {
        using Image source = Open(encoded, name, Enums.Access.Sequential);
        RequireReasonableSize(source, name);
        (int width, int height) = UprightSize(source);
        bool managed = ColourProfile.IsUsable(source);
        if (shorterSide is { } side && side != Math.Min(width, height))
        {
            int newWidth = Scaled(width, side, height), newHeight = Scaled(height, side, width);
            RequireReasonableSize((long)newWidth * newHeight, name);
            using Image resized = managed ? ResizeManaged(encoded, newWidth, newHeight) : Resize(encoded, newWidth, newHeight);
            return ToRgb(resized, managed: false, name);
        }

        bool inOnePiece = (long)width * height <= MostPixelsInOnePiece;
        if (Orientation(source) == Upright)
            return ToRgb(source, managed, name, inOnePiece);
        using Image upright = Turned(encoded, name);
        return ToRgb(upright, managed, name, inOnePiece);
    }

    /// <summary>Reads the image header from the bytes.</summary>
    internal static ImageHeader Header(ReadOnlyMemory<byte> encoded, string name)
    {
        using Image source = Open(encoded, name, Enums.Access.Sequential);
        (int width, int height) = UprightSize(source);
        // One channel, or one plus transparency.
        return new ImageHeader(width, height, source.Bands < RgbImage.Channels);
    }

    /// <summary>Decodes the values of a map. No colour profile is applied, and no value is narrowed.</summary>
    internal static ScalarMap Map(ReadOnlyMemory<byte> encoded, string name)
    {
        using Image source = Open(encoded, name, Enums.Access.Sequential);
        RequireReasonableSize(source, name);
        using Image? turned = Orientation(source) == Upright ? null : Turned(encoded, name);
        Image upright = turned ?? source;
        double fullScale = FullScale(upright.Format)
            ?? throw NvgDataException.At(name, $"stores its values as {upright.Format}", "give 8-bit, 16-bit or floating-point values");
        using Image single = Brightness(upright, name);
        using Image values = single.Cast(Enums.BandFormat.Float);
        return new ScalarMap(values.Width, values.Height, values.WriteToMemory<float>(), fullScale);
    }

    /// <summary>White where the image is transparent; null if it has no transparency channel.</summary>
    internal static RgbImage? Transparency(ReadOnlyMemory<byte> encoded, string name)
    {
        using Image source = Open(encoded, name, Enums.Access.Sequential);
        RequireReasonableSize(source, name);
        if (!source.HasAlpha())
            return null;
        using Image? turned = Orientation(source) == Upright ? null : Turned(encoded, name);
        Image upright = turned ?? source;
        using Image opacity = upright.ExtractBand(upright.Bands - 1);
        double half = ((FullScale(upright.Format) ?? byte.MaxValue) + 1) / 2;
        using Image transparent = opacity < half;
        using Image mask = transparent.Bandjoin(transparent, transparent);
        return new RgbImage(mask.Width, mask.Height, mask.WriteToMemory<byte>());
    }

    private static Image Open(ReadOnlyMemory<byte> encoded, string name, Enums.Access access)
    {
        FileContent content = FileContent.Of(encoded.Span);
        ImageFile.RequireReadFormat(content, name);
        // libvips' fallback loader accepts whatever no other loader does, but is not allowed to read it.
        string? loader = Image.FindLoadBuffer(encoded.Span);
        if (loader is null || loader.Contains("Magick", StringComparison.Ordinal))
            throw Unreadable(content, name);
        // Image.NewFromBuffer would look for the loader again.
        var settings = new VOption { { "access", access }, { "fail_on", Enums.FailOn.Error } };
        return (Image)Operation.Call(loader, settings, Array(encoded))!;
    }

    private static NvgDataException Unreadable(FileContent content, string name) =>
        content.Problem is { } problem ? NvgDataException.At(name, problem, content.Remedy)
        : content.Kind == FileContentKind.Image
            ? NvgDataException.At(name, $"is {content.Description} that breaks off or is damaged", "download or create it again")
            : NvgDataException.At(
                name, $"is not an image in a known format{Described(content)}", "give JPEG, PNG, WebP, GIF, TIFF or AVIF");

    private static string Described(FileContent content) =>
        content.Kind == FileContentKind.Other && content.Description.StartsWith("an unknown", StringComparison.Ordinal)
            ? "" : $", but {content.Description}";

    // Rotation reads pixels in a different order than the file.
    private static Image Turned(ReadOnlyMemory<byte> encoded, string name)
    {
        using Image scattered = Open(encoded, name, Enums.Access.Random);
        return scattered.Autorot();
    }

    // The fail-on argument of thumbnail_buffer does not reach the loader; the option string does.
    private static Image Resize(ReadOnlyMemory<byte> encoded, int width, int height) => Image.ThumbnailBuffer(
        Array(encoded), width, optionString: "[fail-on=error]", height: height, size: Enums.Size.Force);

    // thumbnail_buffer would average values in the profile's colour space; other readers convert them first.
    private static Image ResizeManaged(ReadOnlyMemory<byte> encoded, int width, int height)
    {
        using Image source = OpenShrunk(encoded, Math.Max(width, height));
        using Image colours = ColourProfile.ToSrgb(source);
        return colours.ThumbnailImage(width, height: height, size: Enums.Size.Force);
    }

    // The JPEG decoder shrinks by a power of two at little cost. At least a factor of two remains for resampling.
    private static Image OpenShrunk(ReadOnlyMemory<byte> encoded, int longerSide)
    {
        Image whole = Image.NewFromBuffer(encoded.Span, access: Enums.Access.Sequential, failOn: Enums.FailOn.Error);
        int shrink = 1;
        while (shrink < LargestJpegShrink && Math.Max(whole.Width, whole.Height) / (shrink * 2) >= longerSide * 2)
            shrink *= 2;
        if (shrink == 1 || Image.FindLoadBuffer(encoded.Span) != JpegLoader)
            return whole;
        whole.Dispose();
        return Image.NewFromBuffer(
            encoded.Span, access: Enums.Access.Sequential, failOn: Enums.FailOn.Error, kwargs: new VOption { { "shrink", shrink } });
    }

    private static byte[] Array(ReadOnlyMemory<byte> bytes) =>
        MemoryMarshal.TryGetArray(bytes, out ArraySegment<byte> segment) && segment.Array!.Length == bytes.Length
            ? segment.Array
            : bytes.ToArray();

    private static RgbImage ToRgb(Image image, bool managed, string name, bool inOnePiece = false)
    {
        // Even an operation that changes nothing costs more than decoding a small image.
        if (!managed && IsRgb(image))
            return new RgbImage(image.Width, image.Height, Pixels(image, inOnePiece));
        using Image colours = managed ? ColourProfile.ToSrgb(image) : image.Colourspace(Enums.Interpretation.Srgb);
        using Image? opaque = colours.Bands > RgbImage.Channels ? colours.Flatten([255, 255, 255]) : null;
        using Image bytes = (opaque ?? colours).Cast(Enums.BandFormat.Uchar);
        if (bytes.Bands != RgbImage.Channels)
            throw NvgDataException.At(name, $"has {image.Bands} channels that are not colours", "convert it to RGB");
        return new RgbImage(bytes.Width, bytes.Height, Pixels(bytes, inOnePiece));
    }

    private static bool IsRgb(Image image) =>
        image.Interpretation == Enums.Interpretation.Srgb && image.Format == Enums.BandFormat.Uchar && image.Bands == RgbImage.Channels;

    // WriteToMemory hands the work to another thread, which takes as long as decoding a small image; a region is computed by the caller.
    private static byte[] Pixels(Image image, bool inOnePiece)
    {
        if (!inOnePiece)
            return image.WriteToMemory<byte>();
        using var region = Region.New(image);
        return region.Fetch(0, 0, image.Width, image.Height);
    }

    private static int Orientation(Image source) =>
        source.Contains(OrientationField) && source.Get(OrientationField) is int and >= Upright and <= LastOrientation and var value
            ? value
            : Upright;

    // Orientations 5 to 8 swap width and height.
    private static (int Width, int Height) UprightSize(Image source) =>
        Orientation(source) < FirstTurned ? (source.Width, source.Height) : (source.Height, source.Width);

    /// <summary>The length of a side if the shorter side is resized to <paramref name="shorterSide"/>.</summary>
    private static int Scaled(int side, int shorterSide, int otherSide) => side <= otherSide
        ? shorterSide
        : checked((int)Math.Round((double)side * shorterSide / otherSide, MidpointRounding.AwayFromZero));

    private static double? FullScale(Enums.BandFormat format) => format switch
    {
        Enums.BandFormat.Uchar => byte.MaxValue,
        Enums.BandFormat.Ushort => ushort.MaxValue,
        Enums.BandFormat.Float or Enums.BandFormat.Double => 1,
        _ => null,
    };

    // A single channel (a second one is transparency) is unchanged; colours are converted to Rec. 601 luma.
    private static Image Brightness(Image image, string name)
    {
        if (image.Bands < RgbImage.Channels)
            return image.ExtractBand(0);
        if (image.Interpretation is Enums.Interpretation.Cmyk || image.Bands > RgbImage.Channels + 1)
            throw NvgDataException.At(name, $"has {image.Bands} channels", "give a map of one channel, or of RGB");
        using Image colours = image.ExtractBand(0, n: RgbImage.Channels);
        using var weights = Image.NewFromArray(new double[,] { { 0.299, 0.587, 0.114 } });
        return colours.Recomb(weights);
    }

    private static void RequireReasonableSize(Image image, string name) => RequireReasonableSize((long)image.Width * image.Height, name);

    private static void RequireReasonableSize(long pixels, string name)
    {
        if (pixels > ImageFile.MaximumPixels)
        {
            throw NvgDataException.At(
                name,
                $"has {pixels / 1_000_000} million pixels where {ImageFile.MaximumPixels / 1_000_000} million are the most",
                "make it smaller");
        }
    }
}
