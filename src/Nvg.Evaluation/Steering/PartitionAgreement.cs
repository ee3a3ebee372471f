namespace Nvg.Evaluation.Steering;

/// <summary>Agreement of two partitions of the same positions, independent of label names.</summary>
public static class PartitionAgreement
{
    /// <summary>The adjusted Rand index (Hubert and Arabie, 1985): 1 for equal partitions, 0 on average for random ones.</summary>
    /// <param name="first">Label of each position.</param>
    /// <param name="second">Label of each position in the other partition.</param>
    /// <returns>The index; 1 if both have a single part, or if every part of both is a single position.</returns>
    public static double AdjustedRand(ReadOnlySpan<int> first, ReadOnlySpan<int> second)
    {
        if (first.Length != second.Length)
            throw new ArgumentException($"partitions of {first.Length} and {second.Length} positions cannot be compared");
        var both = new Dictionary<(int, int), long>();
        Dictionary<int, long> firsts = [], seconds = [];
        for (int l = 0; l < first.Length; l++)
        {
            both[(first[l], second[l])] = both.GetValueOrDefault((first[l], second[l])) + 1;
            firsts[first[l]] = firsts.GetValueOrDefault(first[l]) + 1;
            seconds[second[l]] = seconds.GetValueOrDefault(second[l]) + 1;
        }

        double together = Pairs(both.Values), inFirst = Pairs(firsts.Values), inSecond = Pairs(seconds.Values);
        double expected = inFirst * inSecond / Pairs([first.Length]), most = (inFirst + inSecond) / 2;
        return most == expected || first.Length < 2 ? 1 : (together - expected) / (most - expected);
    }

    private static double Pairs(IEnumerable<long> sizes) => sizes.Sum(size => size * (size - 1) / 2.0);
}
