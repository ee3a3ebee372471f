using Nvg.Granularity;
using Nvg.Granularity.Construction;
using Nvg.Imaging;

namespace Nvg.Control;

/// <summary>Tells drawings with a few flat colours from shaded ones such as depth maps and photographs.</summary>
internal static class FlatColours
{
    private const int MostColours = 8;

    // The smooth edges of a drawing have colours of their own.
    private const double LeastShare = 0.9;

    /// <summary>Whether a few colours cover nearly all of an image.</summary>
    /// <param name="image">Of any size.</param>
    /// <param name="grid">The latent positions, which frame the image.</param>
    internal static bool Cover(RgbImage image, LatentGrid grid)
    {
        var areas = new Dictionary<int, long>();
        long total = 0;
        AreaSampling.Visit(image.Width, image.Height, grid, (x, y, _, overlap) =>
        {
            ReadOnlySpan<byte> pixel = image.Row(y).Slice(x * RgbImage.Channels, RgbImage.Channels);
            int colour = (pixel[0] << 16) | (pixel[1] << 8) | pixel[2];
            areas[colour] = areas.GetValueOrDefault(colour) + overlap;
            total += overlap;
        });
        return areas.Values.OrderDescending().Take(MostColours).Sum() >= LeastShare * total;
    }
}
