using Nvg.Granularity;

namespace Nvg.Evaluation.Steering;

/// <summary>Accumulates <see cref="MapStatistics"/> over images.</summary>
/// <param name="grid">The latent positions.</param>
public sealed class MapShapes(LatentGrid grid)
{
    private readonly double[] _boundary = new double[grid.StageCount], _largest = new double[grid.StageCount];
    private readonly double[] _products = new double[grid.StageCount], _pairs = new double[grid.StageCount];

    /// <summary>Number of images.</summary>
    public int Count { get; private set; }

    /// <summary>Adds the maps of an image.</summary>
    /// <param name="finest">Labels of the last stage; the labels of stage i are these labels shifted right by K − i.</param>
    /// <exception cref="ArgumentException">The number of labels is not the number of positions.</exception>
    public void Add(ReadOnlySpan<long> finest)
    {
        if (finest.Length != grid.Length)
            throw new ArgumentException($"{finest.Length} labels were given for {grid.Length} positions");
        long[] labels = finest.ToArray();
        (int First, int Second)[] neighbours = [.. Neighbours()];
        for (int stage = grid.LastStage; stage >= 1; stage--)
        {
            _boundary[stage] += neighbours.Count(n => labels[n.First] != labels[n.Second]) / (double)Math.Max(neighbours.Length, 1);
            _largest[stage] += LargestComponent(labels, stage);
            foreach ((int first, int second) in neighbours.Where(n => labels[n.First] >> 1 == labels[n.Second] >> 1))
            {
                _products[stage] += labels[first] == labels[second] ? 1 : -1;
                _pairs[stage]++;
            }

            labels = Array.ConvertAll(labels, label => label >> 1);
        }

        Count++;
    }

    /// <summary>The statistics of stages 1…K.</summary>
    public IReadOnlyList<MapStatistics> Statistics() => [.. Enumerable.Range(1, grid.LastStage).Select(i => new MapStatistics(
        i, _boundary[i] / Count, _largest[i] / Count, _pairs[i] > 0 ? _products[i] / _pairs[i] : 0))];

    private IEnumerable<(int First, int Second)> Neighbours()
    {
        for (int l = 0; l < grid.Length; l++)
        {
            if (l % grid.Width + 1 < grid.Width)
                yield return (l, l + 1);
            if (l + grid.Width < grid.Length)
                yield return (l, l + grid.Width);
        }
    }

    private double LargestComponent(long[] labels, int stage)
    {
        int[] largest = new int[LatentGrid.ClusterCount(stage)];
        bool[] seen = new bool[labels.Length];
        var open = new Stack<int>();
        for (int start = 0; start < labels.Length; start++)
        {
            int size = 0;
            Visit(start, labels[start]);
            while (open.TryPop(out int l))
            {
                size++;
                if (l % grid.Width > 0)
                    Visit(l - 1, labels[start]);
                if (l % grid.Width + 1 < grid.Width)
                    Visit(l + 1, labels[start]);
                Visit(l - grid.Width, labels[start]);
                Visit(l + grid.Width, labels[start]);
            }

            largest[labels[start]] = Math.Max(largest[labels[start]], size);
        }

        return largest.Average() / grid.ClusterSize(stage);

        void Visit(int l, long label)
        {
            if (l < 0 || l >= labels.Length || seen[l] || labels[l] != label)
                return;
            seen[l] = true;
            open.Push(l);
        }
    }
}
