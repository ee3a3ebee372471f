using Nvg.Torch;

namespace Nvg.Data.Datasets;

/// <summary>
/// Chooses some of many images: one of each of equally long stretches, at a place in it that looks random. Of images
/// that lie class by class that takes as many of every class, and with images whose classes take turns it falls into no
/// step. The same numbers give the same choice.
/// </summary>
public static class EvenSample
{
    /// <summary>Whether an image is chosen.</summary>
    /// <param name="index">Its number, from 0.</param>
    /// <param name="wanted">How many are chosen.</param>
    /// <param name="count">Of how many.</param>
    public static bool Contains(long index, long wanted, long count) =>
        wanted > 0 && Place(((index + 1) * wanted - 1) / count, wanted, count) == index;

    /// <summary>The numbers that are chosen, rising.</summary>
    /// <param name="count">Of how many.</param>
    /// <param name="limit">At most so many; null for all.</param>
    public static IEnumerable<int> Of(int count, int? limit)
    {
        int wanted = Math.Min(limit ?? count, count);
        return Enumerable.Range(0, wanted).Select(stretch => (int)Place(stretch, wanted, count));
    }

    /// <summary>Numbers below <paramref name="count"/>, each once, in an order that looks random and is always the same.</summary>
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
