using Nvg.Granularity;
using Nvg.Granularity.Construction;
using Nvg.Imaging;

namespace Nvg.Control;

/// <summary>Structure from brightness: every cluster is split into its brighter and its darker half.</summary>
internal static class BrightnessStructure
{
    // Rec. 601 luma in thousandths: whole numbers, so that equal areas stay exactly equal.
    private const int RedWeight = 299, GreenWeight = 587, BlueWeight = 114;

    /// <summary>Builds the stages.</summary>
    /// <param name="images">The first image determines stage 1, and so on; the last also determines the remaining stages.</param>
    /// <param name="grid">The latent positions.</param>
    /// <param name="count">Number of stages, stage 0 included.</param>
    internal static IReadOnlyList<StructureStage> Build(IReadOnlyList<RgbImage> images, LatentGrid grid, int count)
    {
        long[][] sums = [.. images.Select(p => Brightness(p, grid))];
        var stages = new List<StructureStage> { new(new int[grid.Length], new int[grid.Length], new bool[grid.Length]) };
        for (int i = 1; i < count; i++)
        {
            int image = Math.Min(i, images.Count) - 1;
            int[] used = Split(stages[^1].Used, sums[image], grid);
            // An image that determines several stages requests equal steps between its darkest and its brightest position. An image that
            // determines a single stage requests light and dark. Both subdivide the labels requested by the previous images.
            int splits = i - image;
            (long darkest, long brightest) = (sums[image].Min(), sums[image].Max());
            int[] asked = [.. Enumerable.Range(0, grid.Length).Select(l =>
                (stages[image].Asked[l] << splits) + Step(sums[image][l], darkest, brightest, 1 << splits))];
            stages.Add(new StructureStage(asked, used, [.. asked.Zip(used, (a, u) => a != u)])
            {
                IsByPosition = darkest == brightest,
            });
        }

        return stages;
    }

    private static int[] Split(IReadOnlyList<int> parent, long[] brightness, LatentGrid grid)
    {
        int[] next = new int[parent.Count];
        foreach (IGrouping<int, int> cluster in Enumerable.Range(0, parent.Count).GroupBy(l => parent[l]))
        {
            int[] order = Ranked([.. cluster], brightness, grid);
            for (int rank = 0; rank < order.Length; rank++)
                next[order[rank]] = 2 * cluster.Key + (rank < order.Length / 2 ? 1 : 0);
        }

        return next;
    }

    // Brightest first. Among positions exactly at the threshold, those nearest to brighter positions come first. If none is brighter, those
    // nearest to darker positions come last.
    private static int[] Ranked(int[] members, long[] brightness, LatentGrid grid)
    {
        long cut = members.Select(l => brightness[l]).OrderDescending().ElementAt(members.Length / 2);
        int[] brighter = [.. members.Where(l => brightness[l] > cut)], darker = [.. members.Where(l => brightness[l] < cut)];
        long Nearness(int l) => brightness[l] != cut ? 0
            : brighter.Length > 0 ? brighter.Min(other => RegionHalving.Distance(l, other, grid))
            : darker.Length > 0 ? -darker.Min(other => RegionHalving.Distance(l, other, grid)) : 0;
        return [.. members.OrderByDescending(l => brightness[l]).ThenBy(Nearness).ThenBy(l => l)];
    }

    // Index of the brightness step that a position falls into; all steps have equal size.
    private static int Step(long sum, long darkest, long brightest, int steps) =>
        (int)((Int128)(sum - darkest) * steps / (brightest - darkest + 1));

    // Luma is linear in the channels, and so are its sums.
    private static long[] Brightness(RgbImage image, LatentGrid grid) =>
        [.. AreaSampling.ChannelSums(image, grid).Chunk(RgbImage.Channels)
            .Select(sum => RedWeight * sum[0] + GreenWeight * sum[1] + BlueWeight * sum[2])];
}
