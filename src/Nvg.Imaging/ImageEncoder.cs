using NetVips;

namespace Nvg.Imaging;

/// <summary>The steps from 8-bit sRGB to encoded bytes.</summary>
internal static class ImageEncoder
{
    private const int JpegQuality = 95;

    internal static byte[] Encode(RgbImage image, ImageFormat format)
    {
        using Image pixels = OverPixels(image);
        return format switch
        {
            ImageFormat.Png => pixels.PngsaveBuffer(),
            ImageFormat.Jpeg => pixels.JpegsaveBuffer(q: JpegQuality, subsampleMode: Enums.ForeignSubsample.Off),
            ImageFormat.WebP => pixels.WebpsaveBuffer(lossless: true),
            ImageFormat.Gif => pixels.GifsaveBuffer(),
            _ => throw new ArgumentOutOfRangeException(nameof(format), format, null),
        };
    }

    /// <summary>Encodes frames that are stacked in one tall image, the form in which libvips expects an animation.</summary>
    internal static byte[] EncodeFrames(RgbImage strip, int frameHeight, int[] delays)
    {
        using Image pixels = OverPixels(strip);
        using Image animation = pixels.Mutate(image =>
        {
            image.Set(GValue.GIntType, "page-height", frameHeight);
            image.Set(GValue.GIntType, "loop", 0);
            image.Set(GValue.ArrayIntType, "delay", delays);
        });
        return animation.GifsaveBuffer();
    }

    private static Image OverPixels(RgbImage image)
    {
        using var bare = Image.NewFromMemory<byte>(
            image.Pixels.AsMemory(), image.Width, image.Height, RgbImage.Channels, Enums.BandFormat.Uchar);
        return bare.Copy(interpretation: Enums.Interpretation.Srgb);
    }
}
