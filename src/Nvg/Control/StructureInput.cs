using System.Numerics;
using Nvg.Granularity;
using Nvg.Granularity.Construction;
using Nvg.Imaging;
using Nvg.Torch.Files.Npy;

namespace Nvg.Control;

/// <summary>
/// Structure as people draw, measure or store it, brought into the form of the method: balanced, nested label maps of the
/// first stages. The same input always gives the same maps.
/// </summary>
public static class StructureInput
{
    // Rec. 601 luma in thousandths: whole numbers, so that equal areas stay exactly equal.
    private const int RedWeight = 299, GreenWeight = 587, BlueWeight = 114, WeightSum = 1000;

    /// <summary>Reads files.</summary>
    /// <param name="paths">One file, or for brightness several: each splits the clusters of those before it.</param>
    /// <param name="kind">
    /// Brightness or labels; a .npy that is read as brightness must hold finished label maps. <see cref="StructureKind.Image"/> is
    /// refused: only a tokenizer finds that (<see cref="ReferenceSequence"/>).
    /// </param>
    /// <param name="grid">The latent positions.</param>
    /// <param name="stages">Number of stages, stage 0 included, or null for what the input says by itself.</param>
    /// <exception cref="NvgDataException">A file is unusable, or its label maps are no valid start of a hierarchy.</exception>
    /// <exception cref="ArgumentException">There are not so many stages, there are more drawings than splits, or the kind needs a tokenizer.</exception>
    public static StructurePlan Read(IReadOnlyList<string> paths, StructureKind kind, LatentGrid grid, int? stages = null)
    {
        if (kind == StructureKind.Image)
            throw new ArgumentException($"an image's own structure is found by a tokenizer: use {nameof(ReferenceSequence)}.{nameof(ReferenceSequence.FromImage)}");
        CheckStages(stages, grid);
        bool IsArray(string path) => Path.GetExtension(path).Equals(".npy", StringComparison.OrdinalIgnoreCase);
        if (kind == StructureKind.Labels)
            return IsArray(paths[0]) ? FromRegionArray(paths[0], grid, stages) : FromRegions(ImageFile.Read(paths[0]), grid, stages);
        if (!IsArray(paths[0]))
            return FromBrightness([.. paths.Select(path => ImageFile.Read(path))], grid, stages);
        int[] labels = NpyArray.ReadLabelMaps(paths[0], out IReadOnlyList<long> shape);
        try
        {
            int maps = labels.Length / grid.Length;
            return stages is null || labels.Length % grid.Length != 0 ? FromLabels(labels, shape, grid)
                : stages > maps ? throw new ArgumentException($"holds the maps of {maps} stages, not of {stages}")
                : FromLabels(labels[..(stages.Value * grid.Length)], [stages.Value, grid.Length], grid);
        }
        catch (ArgumentException error)
        {
            throw NvgDataException.At(paths[0], error.Message, "--structure-kind labels balances any label map", error);
        }
    }

    /// <summary>
    /// Splits by brightness, averaged over the area of each position: in every cluster the brighter half by rank becomes child 2j + 1.
    /// Of equally bright ones that not all fit, those nearest to brighter ones go with them (where none is brighter, those
    /// nearest to darker ones stay with these), then the lower position: a small shape grows into its surroundings.
    /// </summary>
    /// <param name="images">
    /// Of any size, stretched over the whole grid. The first makes stage 1, the second stage 2, and so on; the last also
    /// makes what stages remain, so that a depth map alone makes all of them.
    /// </param>
    /// <param name="grid">The latent positions, at least two.</param>
    /// <param name="stages">Number of stages, stage 0 included; null for one more than there are images.</param>
    /// <exception cref="ArgumentException">There are not so many stages, or there are more images than splits.</exception>
    public static StructurePlan FromBrightness(IReadOnlyList<RgbImage> images, LatentGrid grid, int? stages = null)
    {
        CheckStages(stages, grid);
        int count = stages ?? Math.Min(images.Count + 1, grid.StageCount);
        if (images.Count > Math.Max(1, count - 1))
            throw new ArgumentException($"{images.Count} drawings are more than the {count - 1} split{(count == 2 ? "" : "s")} of {count} stages: each drawing makes one split, and the last one what splits remain");
        long[][] sums = [.. images.Select(p => Brightness(p, grid))];
        var result = new List<StructureStage> { FirstStage(grid) };
        for (int i = 1; i < count; i++)
        {
            int image = Math.Min(i, images.Count) - 1;
            int[] used = Split(result[^1].Used, sums[image], grid);
            // An image that makes several stages asks for equal steps of brightness, one that makes a single stage for light and dark;
            // both inside what the images before it ask for.
            int splits = i - image;
            int[] asked = [.. Enumerable.Range(0, grid.Length).Select(l =>
                (result[image].Asked[l] << splits) + Step(sums[image][l], images[image], 1 << splits))];
            result.Add(new StructureStage(asked, used, [.. asked.Zip(used, (a, u) => a != u)]));
        }

        return new StructurePlan(grid, result);
    }

    /// <summary>Keeps the regions of a label image together: every colour is a region, and a position belongs to the one that covers most of it.</summary>
    /// <param name="image">Of any size, stretched over the whole grid.</param>
    /// <param name="grid">The latent positions.</param>
    /// <param name="stages">Number of stages, stage 0 included; null for as many as tell the regions apart.</param>
    public static StructurePlan FromRegions(RgbImage image, LatentGrid grid, int? stages = null)
    {
        int[] colours = new int[image.Width * image.Height];
        for (int i = 0; i < colours.Length; i++)
        {
            ReadOnlySpan<byte> pixel = image.Pixels.AsSpan(i * RgbImage.Channels, RgbImage.Channels);
            colours[i] = (pixel[0] << 16) | (pixel[1] << 8) | pixel[2];
        }

        return FromRegions(colours, image.Width, image.Height, grid, stages);
    }

    /// <summary>Keeps regions together (<see cref="FromRegions(RgbImage, LatentGrid, int?)"/>).</summary>
    /// <param name="regions">A number for every pixel, row by row.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="grid">The latent positions.</param>
    /// <param name="stages">Number of stages, stage 0 included; null for as many as tell the regions apart.</param>
    public static StructurePlan FromRegions(int[] regions, int width, int height, LatentGrid grid, int? stages = null)
    {
        CheckStages(stages, grid);
        int[] asked = RegionMajority.Of(regions, width, height, grid);
        List<int[]> maps = RegionHalving.Build(asked, grid, stages);
        return new StructurePlan(grid, [.. maps.Select((used, i) => new StructureStage(asked, used, Strays(asked, used)))]);
    }

    /// <summary>
    /// Label maps of consecutive stages, balanced and nested as they are. The first may be of any stage, which its number of clusters
    /// tells; coarser stages follow from it, because the parent of cluster j is j / 2.
    /// </summary>
    /// <param name="labels">The maps one after the other, row by row.</param>
    /// <param name="shape">L; h × w; M × L; or M × h × w.</param>
    /// <param name="grid">The latent positions.</param>
    /// <exception cref="ArgumentException">Shape, numbers, balance or nesting are wrong; the message says where.</exception>
    public static StructurePlan FromLabels(int[] labels, IReadOnlyList<long> shape, LatentGrid grid)
    {
        int count = MapCount(shape, grid);
        int firstStage = StageOf(labels.AsSpan(0, grid.Length));
        int[][] maps = [.. Enumerable.Range(0, firstStage + count).Select(stage => Enumerable.Range(0, grid.Length)
            .Select(l => stage < firstStage ? labels[l] >> (firstStage - stage) : labels[(stage - firstStage) * grid.Length + l]).ToArray())];
        if (maps.Length > grid.StageCount)
            throw new ArgumentException($"holds maps up to stage {maps.Length - 1}, the model's last is {grid.LastStage}");
        var plan = new StructurePlan(grid, [.. maps.Select(map => new StructureStage(map, map, new bool[grid.Length]))]);
        _ = plan.ToSequence();
        return plan;
    }

    private static StructurePlan FromRegionArray(string path, LatentGrid grid, int? stages)
    {
        int[] labels = NpyArray.ReadLabelMaps(path, out IReadOnlyList<long> shape);
        return shape.Count == 2
            ? FromRegions(labels, (int)shape[1], (int)shape[0], grid, stages)
            : throw NvgDataException.At(path, $"has the shape ({string.Join(", ", shape)})", "a label map has rows and columns");
    }

    private static void CheckStages(int? stages, LatentGrid grid)
    {
        if (stages < 1 || stages > grid.StageCount)
            throw new ArgumentException($"{stages} stages cannot be given: the model has {grid.StageCount}");
    }

    private static StructureStage FirstStage(LatentGrid grid) => new(new int[grid.Length], new int[grid.Length], new bool[grid.Length]);

    private static int[] Split(IReadOnlyList<int> parent, long[] brightness, LatentGrid grid)
    {
        int[] next = new int[parent.Count];
        foreach (IGrouping<int, int> cluster in Enumerable.Range(0, parent.Count).GroupBy(l => parent[l]))
        {
            int[] members = [.. cluster];
            long cut = members.Select(l => brightness[l]).OrderDescending().ElementAt(members.Length / 2);
            int[] brighter = [.. members.Where(l => brightness[l] > cut)], darker = [.. members.Where(l => brightness[l] < cut)];
            long Nearness(int l) => brightness[l] != cut ? 0
                : brighter.Length > 0 ? brighter.Min(other => RegionHalving.Distance(l, other, grid))
                : darker.Length > 0 ? -darker.Min(other => RegionHalving.Distance(l, other, grid)) : 0;
            int[] order = [.. members.OrderByDescending(l => brightness[l]).ThenBy(Nearness).ThenBy(l => l)];
            for (int rank = 0; rank < order.Length; rank++)
                next[order[rank]] = 2 * cluster.Key + (rank < order.Length / 2 ? 1 : 0);
        }

        return next;
    }

    // Which of a number of equal steps of brightness a position's mean falls into.
    private static int Step(long sum, RgbImage image, int steps) =>
        (int)((Int128)sum * steps / ((Int128)image.Width * image.Height * WeightSum * 256));

    // Positions away from most of their region that share a cluster with another region. A region that fills clusters of
    // its own is cut, but not moved.
    private static bool[] Strays(int[] regions, int[] used)
    {
        bool[] moved = new bool[used.Length];
        HashSet<int> shared = [.. Enumerable.Range(0, used.Length).GroupBy(l => used[l]).Where(cluster => cluster.Select(l => regions[l]).Distinct().Skip(1).Any()).Select(cluster => cluster.Key)];
        foreach (IGrouping<int, int> region in Enumerable.Range(0, used.Length).GroupBy(l => regions[l]))
        {
            IEnumerable<IGrouping<int, int>> parts = region.GroupBy(l => used[l]).OrderByDescending(part => part.Count()).ThenBy(part => part.Key).Skip(1);
            foreach (int position in parts.Where(part => shared.Contains(part.Key)).SelectMany(part => part))
                moved[position] = true;
        }

        return moved;
    }

    private static int MapCount(IReadOnlyList<long> shape, LatentGrid grid)
    {
        long[] sides = [.. shape];
        if (sides.Length is 0 or > 3 || !(EndsWith(sides, grid.Length) || EndsWith(sides, grid.Height, grid.Width)))
        {
            throw new ArgumentException(
                $"has the shape ({string.Join(", ", shape)}); maps for this model are {grid.Height} × {grid.Width} or {grid.Length} positions, one map or several");
        }

        return checked((int)(sides.Aggregate(1L, (product, side) => product * side) / grid.Length));
    }

    private static bool EndsWith(long[] sides, params ReadOnlySpan<long> end) =>
        sides.Length - end.Length is 0 or 1 && sides.AsSpan(sides.Length - end.Length).SequenceEqual(end);

    private static int StageOf(ReadOnlySpan<int> map)
    {
        int largest = 0;
        foreach (int label in map)
            largest = Math.Max(largest, label);
        return BitOperations.IsPow2((long)largest + 1)
            ? BitOperations.Log2((uint)largest + 1)
            : throw new ArgumentException($"the first map has {largest + 1L} clusters; a stage has 1, 2, 4, 8, …");
    }

    private static long[] Brightness(RgbImage image, LatentGrid grid)
    {
        long[] sums = new long[grid.Length];
        AreaSampling.Visit(image.Width, image.Height, grid, (x, y, position, overlap) =>
        {
            ReadOnlySpan<byte> pixel = image.Row(y).Slice(x * RgbImage.Channels, RgbImage.Channels);
            sums[position] += overlap * (RedWeight * pixel[0] + GreenWeight * pixel[1] + BlueWeight * pixel[2]);
        });
        return sums;
    }
}
