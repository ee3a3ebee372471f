namespace Nvg.Evaluation.Steering;

/// <summary>How far two ways to divide the same positions agree, whatever their parts are called.</summary>
public static class PartitionAgreement
{
    /// <summary>The adjusted Rand index (Hubert and Arabie, 1985): 1 for the same parts, 0 on average for parts drawn at random.</summary>
    /// <param name="first">Part of each position.</param>
    /// <param name="second">Part of each position in the other division.</param>
    /// <returns>1 where both are one part, or both are single positions.</returns>
    public static double AdjustedRand(ReadOnlySpan<int> first, ReadOnlySpan<int> second)
    {
        if (first.Length != second.Length)
            throw new ArgumentException($"{first.Length} and {second.Length} positions cannot be compared");
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
