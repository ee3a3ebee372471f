using Nvg.Torch;

namespace Nvg.Data.Datasets;

/// <summary>
/// Stratified selection of images: one from each of several equally long intervals, at a pseudo-random position. It selects equal numbers
/// per class from images sorted by class, and does not resonate with alternating classes. The same numbers give the same selection.
/// </summary>
public static class EvenSample
{
    /// <summary>Whether an image is selected.</summary>
    /// <param name="index">Index of the image, from 0.</param>
    /// <param name="wanted">Number of selected images.</param>
    /// <param name="count">Number of images.</param>
    public static bool Contains(long index, long wanted, long count) =>
        wanted > 0 && Place(((index + 1) * wanted - 1) / count, wanted, count) == index;

    /// <summary>The selected indices, ascending.</summary>
    /// <param name="count">Number of images.</param>
    /// <param name="limit">Largest number of selected images; null for all.</param>
    public static IEnumerable<int> Of(int count, int? limit)
    {
        int wanted = Math.Min(limit ?? count, count);
        return Enumerable.Range(0, wanted).Select(stretch => (int)Place(stretch, wanted, count));
    }

    /// <summary>A fixed pseudo-random permutation of the numbers below <paramref name="count"/>.</summary>
    public static int[] Shuffled(int count)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        Array.Sort(Array.ConvertAll(order, i => SplitMix64.Mix((ulong)i)), order);
        return order;
    }

    private static long Place(long stretch, long wanted, long count)
    {
        long start = stretch * count / wanted, end = (stretch + 1) * count / wanted;
        return start + (long)(SplitMix64.Mix((ulong)stretch) % (ulong)(end - start));
    }
}
