using Nvg.Torch;

namespace Nvg.Granularity.Construction;

/// <summary>
/// Bottom-up clustering like the paper's, with improved pairs at every level. Joining two clusters of s positions each adds
/// s / 2 times the squared distance of their means to the variance within clusters, so the sum of squared distances is minimised.
/// </summary>
/// <param name="improve">False for greedy pairs, which give the result of <see cref="GreedyStrategy"/>.</param>
internal sealed class MatchingStrategy(bool improve = true) : IStructureStrategy
{
    public Tensor Build(Tensor points_BLC, Tensor images_BCHW, LatentGrid grid)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        Tensor host_BLC = points_BLC.Detach().To(Device.Cpu, ScalarType.Float32);
        int batch = (int)host_BLC.Size(0), size = grid.Length * (int)host_BLC.Size(2);
        float[] points = host_BLC.ToArray<float>();
        if (Array.Exists(points, p => !float.IsFinite(p)))
            throw new TorchException("points must be finite");
        long[] labels = [.. Enumerable.Range(0, batch).SelectMany(b => Labels(points.AsSpan(b * size, size), grid))];
        return scope.Keep(Tensor.From(labels, batch, grid.StageCount, grid.Length));
    }

    public void Dispose()
    {
    }

    private long[] Labels(ReadOnlySpan<float> points, LatentGrid grid)
    {
        int channels = points.Length / grid.Length;
        // Sums of the original points of every cluster, and for each level the pairs that were joined.
        double[][] sums = new double[grid.Length][];
        for (int l = 0; l < grid.Length; l++)
            sums[l] = [.. points.Slice(l * channels, channels).ToArray().Select(v => (double)v)];
        var joins = new List<List<(int First, int Second)>>();
        for (int size = 1; sums.Length > 1; size *= 2)
        {
            double[,] cost = PairMatching.SquaredDistances(sums, divisor: (double)size * size);
            List<(int First, int Second)> pairs = PairMatching.Greedy(cost);
            if (improve)
            {
                PairMatching.Improve(cost, pairs);
                // Nearest pair first, as in greedy joining: the order determines the labels.
                pairs = [.. pairs.OrderBy(p => cost[p.First, p.Second]).ThenBy(p => p.First)];
            }

            joins.Add(pairs);
            sums = [.. pairs.Select(p => sums[p.First].Zip(sums[p.Second], (x, y) => x + y).ToArray())];
        }

        return Relabel(joins, grid);
    }

    // Coarse to fine: the part with the smaller raw label becomes child 2j.
    private static long[] Relabel(List<List<(int First, int Second)>> joins, LatentGrid grid)
    {
        long[] labels = new long[grid.StageCount * grid.Length];
        int[] raw = [0];
        Assign(labels, 0, raw, joins, grid);
        for (int stage = 1; stage < grid.StageCount; stage++)
        {
            List<(int First, int Second)> level = joins[grid.LastStage - stage];
            raw = [.. raw.SelectMany(cluster => new[] { level[cluster].First, level[cluster].Second }.Order())];
            Assign(labels, stage, raw, joins, grid);
        }

        return labels;
    }

    private static void Assign(long[] labels, int stage, int[] raw, List<List<(int First, int Second)>> joins, LatentGrid grid)
    {
        for (int label = 0; label < raw.Length; label++)
        {
            IEnumerable<int> members = [raw[label]];
            // Descends from the level that formed the clusters of this stage to single positions.
            for (int level = grid.LastStage - 1 - stage; level >= 0; level--)
            {
                List<(int First, int Second)> pairs = joins[level];
                members = members.SelectMany(m => new[] { pairs[m].First, pairs[m].Second });
            }
            foreach (int position in members)
                labels[stage * grid.Length + position] = label;
        }
    }
}
