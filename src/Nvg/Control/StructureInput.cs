using System.Numerics;
using Nvg.Data;
using Nvg.Granularity;
using Nvg.Rendering;
using Nvg.Sampling;
using Nvg.Torch;

namespace Nvg.Control;

/// <summary>Structure maps as people draw or store them, brought into the form of the method: M × L labels of stages 0…M − 1.</summary>
public static class StructureInput
{
    // Rec. 601 luma in thousandths: whole numbers, so that equal areas stay exactly equal.
    private const int RedWeight = 299, GreenWeight = 587, BlueWeight = 114;

    /// <summary>Reads a file: a .npy of label maps, or a black-and-white picture as the first split.</summary>
    /// <param name="path">The file.</param>
    /// <param name="grid">The latent positions.</param>
    /// <returns>M × L labels, 64-bit; the caller disposes them.</returns>
    /// <exception cref="NvgDataException">The file is unusable, or its labels are no valid start of a hierarchy.</exception>
    public static Tensor Read(string path, LatentGrid grid)
    {
        if (!Path.GetExtension(path).Equals(".npy", StringComparison.OrdinalIgnoreCase))
            return FromPicture(PictureFile.Read(path), grid);
        int[] labels = NpyArray.ReadLabelMaps(path, out IReadOnlyList<long> shape);
        try
        {
            return FromLabels(labels, shape, grid);
        }
        catch (ArgumentException error)
        {
            throw NvgDataException.At(path, error.Message, innerException: error);
        }
    }

    /// <summary>
    /// The first split from a picture of any size and balance: brightness is averaged over the area of each position, and
    /// the brighter half of the positions by rank (equal ones: the lower position first) becomes cluster 1.
    /// </summary>
    /// <param name="picture">Stretched over the whole grid.</param>
    /// <param name="grid">The latent positions, at least two.</param>
    /// <returns>2 × L labels of stages 0 and 1; the caller disposes them.</returns>
    public static Tensor FromPicture(RgbImage picture, LatentGrid grid)
    {
        long[] brightness = Brightness(picture, grid);
        int[] order = [.. Enumerable.Range(0, grid.Length)];
        Array.Sort(order, (a, b) => brightness[a] == brightness[b] ? a.CompareTo(b) : brightness[b].CompareTo(brightness[a]));
        long[] labels = new long[2 * grid.Length];
        foreach (int position in order.AsSpan(0, grid.Length / 2))
            labels[grid.Length + position] = 1;
        return Tensor.From(labels, 2, grid.Length);
    }

    /// <summary>
    /// Label maps of consecutive stages. The first may be of any stage, which its number of clusters tells; coarser stages
    /// follow from it, because the parent of cluster j is j / 2.
    /// </summary>
    /// <param name="labels">The maps one after the other, row by row.</param>
    /// <param name="shape">L; h × w; M × L; or M × h × w.</param>
    /// <param name="grid">The latent positions.</param>
    /// <returns>Labels from stage 0 to the last that was given; the caller disposes them.</returns>
    /// <exception cref="ArgumentException">Shape, numbers, balance or nesting are wrong; the message says where.</exception>
    public static Tensor FromLabels(int[] labels, IReadOnlyList<long> shape, LatentGrid grid)
    {
        int count = MapCount(shape, grid);
        int firstStage = StageOf(labels.AsSpan(0, grid.Length));
        long[] stages = new long[(firstStage + count) * grid.Length];
        for (int i = 0; i < stages.Length; i++)
        {
            (int stage, int position) = (i / grid.Length, i % grid.Length);
            stages[i] = stage < firstStage ? labels[position] >> (firstStage - stage) : labels[(stage - firstStage) * grid.Length + position];
        }

        Tensor maps_ML = Tensor.From(stages, firstStage + count, grid.Length);
        try
        {
            using Tensor structure_BML = maps_ML.Unsqueeze(0);
            new GivenStages { Structure_BML = structure_BML }.Check(1, grid.Length);
            return maps_ML;
        }
        catch
        {
            maps_ML.Dispose();
            throw;
        }
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

    // Every position's sum over its area, in units in which both grids have whole borders: nothing is rounded.
    private static long[] Brightness(RgbImage picture, LatentGrid grid)
    {
        long[] sums = new long[grid.Length];
        for (int y = 0; y < picture.Height; y++)
        {
            ReadOnlySpan<byte> row = picture.Row(y);
            for (int x = 0; x < picture.Width; x++)
            {
                ReadOnlySpan<byte> pixel = row.Slice(x * RgbImage.Channels, RgbImage.Channels);
                Spread(sums, RedWeight * pixel[0] + GreenWeight * pixel[1] + BlueWeight * pixel[2], x, y, picture, grid);
            }
        }

        return sums;
    }

    private static void Spread(long[] sums, long luma, int x, int y, RgbImage picture, LatentGrid grid)
    {
        (int top, int bottom) = Cells(y, grid.Height, picture.Height);
        (int left, int right) = Cells(x, grid.Width, picture.Width);
        for (int row = top; row <= bottom; row++)
        {
            long height = Overlap(y, row, grid.Height, picture.Height);
            for (int column = left; column <= right; column++)
                sums[row * grid.Width + column] += luma * height * Overlap(x, column, grid.Width, picture.Width);
        }
    }

    // Pixel p covers [p · cells, (p + 1) · cells) and cell c covers [c · pixels, (c + 1) · pixels).
    private static (int First, int Last) Cells(int pixel, int cells, int pixels) =>
        ((int)((long)pixel * cells / pixels), (int)((((long)pixel + 1) * cells - 1) / pixels));

    private static long Overlap(int pixel, int cell, int cells, int pixels) =>
        Math.Min(((long)pixel + 1) * cells, ((long)cell + 1) * pixels) - Math.Max((long)pixel * cells, (long)cell * pixels);
}
