using Nvg.Granularity;
using Nvg.Granularity.Construction;

namespace Nvg.Control;

/// <summary>Structure from regions: clusters of equal size that keep regions together as far as possible.</summary>
internal static class LabelStructure
{
    /// <summary>Builds the stages.</summary>
    /// <param name="regions">A number for every pixel, row by row.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="grid">The latent positions.</param>
    /// <param name="stages">Number of stages, or null for the number needed to separate all regions.</param>
    internal static IReadOnlyList<StructureStage> Build(int[] regions, int width, int height, LatentGrid grid, int? stages)
    {
        int[] asked = RegionMajority.Of(regions, width, height, grid);
        List<int[]> maps = RegionHalving.Build(asked, grid, stages);
        return [.. maps.Select(used => new StructureStage(asked, used, Moved(asked, used)))];
    }

    // Marks positions that share a cluster with another region and are not in the largest part of their own region. A region that fills
    // whole clusters is cut into parts, but none of its positions counts as moved.
    private static bool[] Moved(int[] regions, int[] used)
    {
        bool[] moved = new bool[used.Length];
        IEnumerable<IGrouping<int, int>> clusters = Positions(used).GroupBy(l => used[l]);
        HashSet<int> shared = [.. clusters.Where(cluster => HasSeveral(cluster, regions)).Select(cluster => cluster.Key)];
        foreach (IGrouping<int, int> region in Positions(used).GroupBy(l => regions[l]))
        {
            IEnumerable<IGrouping<int, int>> lesserParts =
                region.GroupBy(l => used[l]).OrderByDescending(part => part.Count()).ThenBy(part => part.Key).Skip(1);
            foreach (int position in lesserParts.Where(part => shared.Contains(part.Key)).SelectMany(part => part))
                moved[position] = true;
        }

        return moved;
    }

    private static IEnumerable<int> Positions(int[] map) => Enumerable.Range(0, map.Length);

    private static bool HasSeveral(IEnumerable<int> positions, int[] regions) => positions.Select(l => regions[l]).Distinct().Skip(1).Any();
}
