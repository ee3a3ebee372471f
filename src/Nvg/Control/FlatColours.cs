using Nvg.Granularity;
using Nvg.Granularity.Construction;
using Nvg.Imaging;

namespace Nvg.Control;

/// <summary>Distinguishes drawings with a few flat colours from shaded images such as depth maps and photographs.</summary>
internal static class FlatColours
{
    private const int MostColours = 8;

    // Anti-aliased edges of a drawing add further colours.
    private const double LeastShare = 0.9;

    /// <summary>Whether a few colours cover nearly all of an image.</summary>
    /// <param name="image">An image of any size.</param>
    /// <param name="grid">The latent positions, which frame the image.</param>
    internal static bool Cover(RgbImage image, LatentGrid grid)
    {
        int[] colours = Numbers(image);
        var areas = new Dictionary<int, long>();
        AreaSampling.Visit(image.Width, image.Height, grid, (x, y, _, overlap) =>
        {
            int colour = colours[y * image.Width + x];
            areas[colour] = areas.GetValueOrDefault(colour) + overlap;
        });
        return areas.Values.OrderDescending().Take(MostColours).Sum() >= LeastShare * areas.Values.Sum();
    }

    /// <summary>A number for the colour of each pixel, row by row.</summary>
    internal static int[] Numbers(RgbImage image)
    {
        int[] numbers = new int[image.Width * image.Height];
        for (int i = 0; i < numbers.Length; i++)
        {
            ReadOnlySpan<byte> pixel = image.Pixels.AsSpan(i * RgbImage.Channels, RgbImage.Channels);
            numbers[i] = (pixel[0] << 16) | (pixel[1] << 8) | pixel[2];
        }

        return numbers;
    }
}
