using Nvg.Imaging;

namespace Nvg.Testing;

/// <summary>Small images for tests, sampled at pixel centres, so that an image has the same content at any size.</summary>
internal static class Images
{
    public static RgbImage Gradient(int width, int height, int shade = 0)
    {
        var image = new RgbImage(width, height);
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                Span<byte> pixel = image.Row(y).Slice(x * 3, 3);
                (pixel[0], pixel[1], pixel[2]) = ((byte)((x + 0.5) * 255 / width), (byte)((y + 0.5) * 255 / height), (byte)shade);
            }
        }

        return image;
    }

    public static byte[] Pixel(this RgbImage image, int x, int y) => image.Row(y).Slice(x * 3, 3).ToArray();

    public static double MeanDifference(RgbImage a, RgbImage b) =>
        a.Pixels.Zip(b.Pixels, (p, q) => Math.Abs(p - q)).Average();
}
