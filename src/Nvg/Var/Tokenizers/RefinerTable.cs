namespace Nvg.Var.Tokenizers;

/// <summary>
/// Determines which of the shared refiners each scale uses: the one whose tick is nearest to the position of the scale. Two of the ten
/// published scales are exactly between two ticks, where rounding decides, so everything is computed in float64 in the published order of
/// operations.
/// </summary>
internal static class RefinerTable
{
    // The published models have four refiners, whose outer ticks are one twelfth from the ends; other numbers of refiners use half a step.
    private const int PublishedCount = 4;

    /// <summary>The refiner of every scale.</summary>
    /// <param name="scales">Number of scales.</param>
    /// <param name="refiners">Number of refiners.</param>
    internal static int[] Of(int scales, int refiners)
    {
        double[] ticks = Ticks(refiners);
        return [.. Enumerable.Range(0, scales).Select(i => Nearest(ticks, (double)i / (scales - 1)))];
    }

    private static double[] Ticks(int count)
    {
        double first = 1.0 / (count == PublishedCount ? 3 : 2) / count, last = 1 - first;
        double step = count > 1 ? (last - first) / (count - 1) : 0;
        double[] ticks = [.. Enumerable.Range(0, count).Select(k => first + k * step)];
        if (count > 1)
            ticks[^1] = last;
        return ticks;
    }

    // Ties go to the first one.
    private static int Nearest(double[] ticks, double position)
    {
        int best = 0;
        for (int k = 1; k < ticks.Length; k++)
        {
            if (Math.Abs(ticks[k] - position) < Math.Abs(ticks[best] - position))
                best = k;
        }

        return best;
    }
}
