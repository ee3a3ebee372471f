namespace Nvg.Granularity.Construction;

/// <summary>Converts regions of pixels to regions of latent positions.</summary>
internal static class RegionMajority
{
    /// <summary>
    /// The region that covers most of each position; ties go to the lower number. The result is renumbered from 0 in the order of the given
    /// numbers.
    /// </summary>
    /// <param name="regions">Region number of every pixel, row by row.</param>
    /// <param name="width">Columns of pixels.</param>
    /// <param name="height">Rows of pixels.</param>
    /// <param name="grid">The latent positions.</param>
    internal static int[] Of(int[] regions, int width, int height, LatentGrid grid)
    {
        var weights = new Dictionary<int, long>[grid.Length];
        for (int l = 0; l < weights.Length; l++)
            weights[l] = [];
        AreaSampling.Visit(width, height, grid, (x, y, position, overlap) =>
        {
            int region = regions[y * width + x];
            weights[position][region] = weights[position].GetValueOrDefault(region) + overlap;
        });
        int[] largest = Array.ConvertAll(weights, w => w.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key).First().Key);
        List<int> numbers = [.. largest.Distinct().Order()];
        return Array.ConvertAll(largest, region => numbers.BinarySearch(region));
    }
}
