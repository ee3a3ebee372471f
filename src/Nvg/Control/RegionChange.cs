using Nvg.Granularity;
using Nvg.Imaging;

namespace Nvg.Control;

/// <summary>How much an image changed inside and outside a region, in units of 8-bit channel values.</summary>
/// <param name="MeanInside">Mean absolute change at positions that were regenerated.</param>
/// <param name="MeanOutside">Mean absolute change at positions that were kept.</param>
/// <param name="LargestOutside">Largest absolute change at positions that were kept.</param>
/// <param name="MeanByDistance">
/// Mean change by distance from the region in latent positions: entry 0 is inside, 1 next to it, and so on.
/// </param>
public sealed record RegionChange(double MeanInside, double MeanOutside, int LargestOutside, IReadOnlyList<double> MeanByDistance)
{
    /// <summary>Compares two images.</summary>
    /// <param name="before">The image before.</param>
    /// <param name="after">The image with the region regenerated, of the same size.</param>
    /// <param name="mask">The region.</param>
    public static RegionChange Between(RgbImage before, RgbImage after, RegionMask mask)
    {
        LatentGrid grid = mask.Grid;
        int[] distances = Distances(mask);
        long[] sums = new long[distances.Max() + 1], counts = new long[sums.Length];
        int largest = 0;
        for (int y = 0; y < before.Height; y++)
        {
            for (int x = 0; x < before.Width; x++)
            {
                int distance = distances[y * grid.Height / before.Height * grid.Width + x * grid.Width / before.Width];
                for (int channel = 0; channel < RgbImage.Channels; channel++)
                {
                    int index = x * RgbImage.Channels + channel;
                    int change = Math.Abs(before.Row(y)[index] - after.Row(y)[index]);
                    sums[distance] += change;
                    counts[distance]++;
                    largest = distance > 0 ? Math.Max(largest, change) : largest;
                }
            }
        }

        double[] means = [.. sums.Zip(counts, (sum, count) => count == 0 ? 0 : (double)sum / count)];
        return new RegionChange(means[0], (double)sums[1..].Sum() / Math.Max(1, counts[1..].Sum()), largest, means);
    }

    // Chebyshev distance of every position to the nearest one that is regenerated.
    private static int[] Distances(RegionMask mask)
    {
        LatentGrid grid = mask.Grid;
        int[] inside = [.. Enumerable.Range(0, grid.Length).Where(l => mask.Inside[l])];
        int Distance(int a, int b) => Math.Max(Math.Abs(a / grid.Width - b / grid.Width), Math.Abs(a % grid.Width - b % grid.Width));
        return [.. Enumerable.Range(0, grid.Length).Select(l => inside.Min(i => Distance(l, i)))];
    }
}
