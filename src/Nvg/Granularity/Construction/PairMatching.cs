namespace Nvg.Granularity.Construction;

/// <summary>Ways to put an even number of things into pairs so that the sum of the pairs' costs is low.</summary>
internal static class PairMatching
{
    // More would need more memory than the comparison is worth.
    internal const int MostForOptimum = 20;

    // Costs that differ by less than rounding are the same: exchanges must not go round in circles.
    private const double Gain = 1e-9;

    /// <summary>The squared distances between all points, as costs.</summary>
    /// <param name="points">Of equally many numbers.</param>
    /// <param name="divisor">Of every distance.</param>
    internal static double[,] SquaredDistances(double[][] points, double divisor = 1)
    {
        double[,] cost = new double[points.Length, points.Length];
        for (int i = 0; i < points.Length; i++)
        {
            for (int j = i + 1; j < points.Length; j++)
            {
                double distance = 0;
                for (int c = 0; c < points[i].Length; c++)
                    distance += (points[i][c] - points[j][c]) * (points[i][c] - points[j][c]);
                cost[i, j] = cost[j, i] = distance / divisor;
            }
        }

        return cost;
    }

    /// <summary>The cheapest remaining pair first; ties by the smallest row-major index.</summary>
    internal static List<(int First, int Second)> Greedy(double[,] cost)
    {
        int count = cost.GetLength(0);
        bool[] taken = new bool[count];
        var order = new List<(double Cost, int First, int Second)>();
        for (int i = 0; i < count; i++)
        {
            for (int j = i + 1; j < count; j++)
                order.Add((cost[i, j], i, j));
        }

        order.Sort();
        var pairs = new List<(int, int)>(count / 2);
        foreach ((_, int first, int second) in order)
        {
            if (taken[first] || taken[second])
                continue;
            taken[first] = taken[second] = true;
            pairs.Add((first, second));
        }

        return pairs;
    }

    /// <summary>Exchanges partners between two pairs as long as that lowers the sum; the result is never worse than the start.</summary>
    internal static void Improve(double[,] cost, List<(int First, int Second)> pairs)
    {
        bool better = true;
        while (better)
        {
            better = false;
            for (int p = 0; p < pairs.Count; p++)
            {
                for (int q = p + 1; q < pairs.Count; q++)
                    better |= Exchange(cost, pairs, p, q);
            }
        }
    }

    /// <summary>The lowest possible sum, by dynamic programming over sets.</summary>
    /// <param name="cost">Of at most <see cref="MostForOptimum"/> things.</param>
    internal static double Optimum(double[,] cost)
    {
        int count = cost.GetLength(0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, MostForOptimum);
        double[] best = new double[1 << count];
        for (int set = 1; set < best.Length; set++)
        {
            best[set] = double.PositiveInfinity;
            if (int.PopCount(set) % 2 != 0)
                continue;
            int first = int.TrailingZeroCount(set);
            for (int second = first + 1; second < count; second++)
            {
                if ((set >> second & 1) != 0)
                    best[set] = Math.Min(best[set], best[set & ~(1 << first) & ~(1 << second)] + cost[first, second]);
            }
        }

        return best[^1];
    }

    /// <summary>The sum of pairs' costs.</summary>
    internal static double Sum(double[,] cost, IEnumerable<(int First, int Second)> pairs) => pairs.Sum(p => cost[p.First, p.Second]);

    private static bool Exchange(double[,] cost, List<(int First, int Second)> pairs, int p, int q)
    {
        ((int a, int b), (int c, int d)) = (pairs[p], pairs[q]);
        double now = cost[a, b] + cost[c, d], crossed = cost[a, c] + cost[b, d], swapped = cost[a, d] + cost[b, c];
        if (Math.Min(crossed, swapped) >= now - Gain * Math.Max(1e-12, now))
            return false;
        (pairs[p], pairs[q]) = crossed <= swapped ? (Ordered(a, c), Ordered(b, d)) : (Ordered(a, d), Ordered(b, c));
        return true;
    }

    private static (int, int) Ordered(int a, int b) => a < b ? (a, b) : (b, a);
}
