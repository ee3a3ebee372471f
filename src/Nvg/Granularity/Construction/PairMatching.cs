namespace Nvg.Granularity.Construction;

/// <summary>Algorithms that pair up an even number of items at a low total cost.</summary>
internal static class PairMatching
{
    // At this size, the table of all subsets has 2^20 entries.
    internal const int MostForOptimum = 20;

    // Relative gain below which costs are considered equal, so that rounding cannot cause endless exchanges.
    private const double Gain = 1e-9;

    /// <summary>Squared distances between all points, as costs.</summary>
    /// <param name="points">Points of equal dimension.</param>
    /// <param name="divisor">Divides every distance.</param>
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

    /// <summary>Takes the cheapest remaining pair repeatedly; ties go to the smallest row-major index.</summary>
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

    /// <summary>Exchanges partners between two pairs while that lowers the total cost.</summary>
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

    /// <summary>The lowest possible total cost, by dynamic programming over subsets.</summary>
    /// <param name="cost">Costs of at most <see cref="MostForOptimum"/> items.</param>
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

    /// <summary>The total cost of pairs.</summary>
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
