namespace Nvg.Granularity.Construction;

/// <summary>
/// Turns regions of any number and size into a balanced hierarchy. To halve a cluster of several regions, whole regions are assigned
/// to one side or the other so that the sides differ in as few positions as possible. Then the positions of the larger side that are
/// nearest to the smaller side move over until both are equal, so the smaller side grows into its surroundings. A cluster of a single
/// region is cut across its longer extent. Ties go to the lower region number and the lower position.
/// </summary>
internal static class RegionHalving
{
    /// <summary>Labels of stages 0…M − 1 from the region of every position.</summary>
    /// <param name="regions">Region number of each position, from 0.</param>
    /// <param name="grid">The latent positions.</param>
    /// <param name="stages">Number of stages (M), or null for the number needed to separate all regions as far as possible.</param>
    /// <param name="order">
    /// Orders the positions of a single region; the first half becomes child 2j. Null orders them along the longer extent.
    /// </param>
    internal static List<int[]> Build(IReadOnlyList<int> regions, LatentGrid grid, int? stages, Func<int[], IEnumerable<int>>? order = null)
    {
        order ??= positions => AlongLongerSide(positions, grid);
        var maps = new List<int[]> { new int[grid.Length] };
        while (stages is { } wanted ? maps.Count < wanted : maps.Count < grid.LastStage && !AllApart(maps[^1], regions))
        {
            int[] parent = maps[^1], next = new int[grid.Length];
            foreach (IGrouping<int, int> cluster in Enumerable.Range(0, grid.Length).GroupBy(l => parent[l]))
            {
                HashSet<int> upper = Halve([.. cluster], regions, grid, order);
                foreach (int position in cluster)
                    next[position] = 2 * cluster.Key + (upper.Contains(position) ? 1 : 0);
            }

            maps.Add(next);
        }

        return maps;
    }

    private static bool AllApart(int[] map, IReadOnlyList<int> regions) =>
        map.Select((cluster, l) => (cluster, regions[l])).Distinct().Count() == map.Distinct().Count();

    private static HashSet<int> Halve(int[] positions, IReadOnlyList<int> regions, LatentGrid grid, Func<int[], IEnumerable<int>> order)
    {
        int half = positions.Length / 2;
        int[][] parts = [.. positions.GroupBy(l => regions[l]).OrderBy(g => g.Key).Select(g => g.ToArray())];
        if (parts.Length == 1)
            return [.. order(positions).Skip(half)];
        bool[] chosen = NearestToHalf(Array.ConvertAll(parts, p => p.Length), half);
        // The side with the lowest region number is child 2j.
        List<int> lower = [.. parts.Where((_, i) => chosen[i] == chosen[0]).SelectMany(p => p)];
        List<int> upper = [.. parts.Where((_, i) => chosen[i] != chosen[0]).SelectMany(p => p)];
        (List<int> larger, List<int> smaller) = lower.Count > upper.Count ? (lower, upper) : (upper, lower);
        int[] moved = [.. larger.OrderBy(l => smaller.Min(other => Distance(l, other, grid))).ThenBy(l => l).Take(larger.Count - half)];
        smaller.AddRange(moved);
        larger.RemoveAll(moved.Contains);
        return [.. upper];
    }

    private static IEnumerable<int> AlongLongerSide(int[] positions, LatentGrid grid)
    {
        int Row(int l) => l / grid.Width;
        int Column(int l) => l % grid.Width;
        bool tall = positions.Max(Row) - positions.Min(Row) > positions.Max(Column) - positions.Min(Column);
        return tall ? positions.OrderBy(Row).ThenBy(Column) : positions.OrderBy(Column).ThenBy(Row);
    }

    /// <summary>Squared distance between two positions of the grid.</summary>
    internal static long Distance(int a, int b, LatentGrid grid)
    {
        long rows = a / grid.Width - b / grid.Width, columns = a % grid.Width - b % grid.Width;
        return rows * rows + columns * columns;
    }

    // Subset sum: for every reachable size, the region that reached it first; the size nearest to half wins.
    private static bool[] NearestToHalf(int[] sizes, int half)
    {
        int total = sizes.Sum();
        int[] reachedBy = new int[total + 1];
        Array.Fill(reachedBy, -1);
        reachedBy[0] = sizes.Length;
        for (int region = 0; region < sizes.Length; region++)
        {
            for (int sum = total; sum >= sizes[region]; sum--)
            {
                int before = reachedBy[sum - sizes[region]];
                if (reachedBy[sum] < 0 && before >= 0 && (before == sizes.Length || before < region))
                    reachedBy[sum] = region;
            }
        }

        int best = Enumerable.Range(1, total - 1).Where(sum => reachedBy[sum] >= 0).MinBy(sum => Math.Abs(sum - half));
        bool[] chosen = new bool[sizes.Length];
        for (int sum = best; sum > 0; sum -= sizes[reachedBy[sum]])
            chosen[reachedBy[sum]] = true;
        return chosen;
    }
}
