namespace Nvg.Training.Optimization;

/// <summary>
/// The order in which a run sees its examples. Every epoch is a new permutation that depends only on the seed, so a step number
/// determines its batch.
/// </summary>
public sealed class DataOrder
{
    private readonly int _count;
    private readonly int _batchSize;
    private readonly ulong _seed;
    private readonly Dictionary<long, int[]> _epochs = [];

    /// <param name="count">Examples per epoch.</param>
    /// <param name="batchSize">Examples per step; a batch may span the end of an epoch.</param>
    /// <param name="seed">Seed of the run.</param>
    public DataOrder(int count, int batchSize, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        (_count, _batchSize, _seed) = (count, batchSize, seed);
    }

    /// <summary>The examples of a step (from 0).</summary>
    public int[] Batch(long step)
    {
        int[] batch = new int[_batchSize];
        for (int i = 0; i < batch.Length; i++)
        {
            long position = step * _batchSize + i;
            batch[i] = Epoch(position / _count)[(int)(position % _count)];
        }

        return batch;
    }

    /// <summary>At most <paramref name="limit"/> evenly spread numbers below <paramref name="count"/>.</summary>
    public static int[] Spread(int count, int limit)
    {
        int chosen = Math.Min(count, limit);
        return [.. Enumerable.Range(0, chosen).Select(i => (int)((long)i * count / chosen))];
    }

    private int[] Epoch(long epoch)
    {
        if (_epochs.TryGetValue(epoch, out int[]? order))
            return order;
        order = [.. Enumerable.Range(0, _count)];
        // Fisher–Yates; the bias of the remainder is below count / 2^64.
        for (int i = _count - 1; i > 0; i--)
        {
            int j = (int)(RandomSeed.Mix(_seed, epoch, (ulong)i) % (ulong)(i + 1));
            (order[i], order[j]) = (order[j], order[i]);
        }

        if (_epochs.Count > 1)
            _epochs.Clear();
        return _epochs[epoch] = order;
    }
}
