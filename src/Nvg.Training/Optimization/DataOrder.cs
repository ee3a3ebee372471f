using Nvg.Torch;

namespace Nvg.Training.Optimization;

/// <summary>
/// The order in which a run sees its examples: every epoch a new permutation that follows from the seed alone, so that a
/// step number says which examples come next.
/// </summary>
public sealed class DataOrder
{
    private readonly int _count;
    private readonly int _batchSize;
    private readonly ulong _seed;
    private readonly Dictionary<long, int[]> _epochs = [];

    /// <param name="count">Examples of an epoch.</param>
    /// <param name="batchSize">Examples of a step; batches run on across the end of an epoch.</param>
    /// <param name="seed">Of the run.</param>
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

    /// <summary>At most <paramref name="most"/> numbers below <paramref name="count"/>, evenly spread.</summary>
    public static int[] Spread(int count, int most)
    {
        int chosen = Math.Min(count, most);
        return [.. Enumerable.Range(0, chosen).Select(i => (int)((long)i * count / chosen))];
    }

    /// <summary>A number that differs for every (seed, step, purpose), to seed generators with.</summary>
    public static ulong Mix(ulong seed, long step, ulong purpose = 0)
    {
        ulong state = SplitMix64.Finalize(SplitMix64.Mix(seed) ^ (ulong)step);
        return SplitMix64.Finalize(state + purpose * 0xD1342543DE82EF95);
    }

    private int[] Epoch(long epoch)
    {
        if (_epochs.TryGetValue(epoch, out int[]? order))
            return order;
        order = [.. Enumerable.Range(0, _count)];
        // Fisher and Yates; the bias of the remainder is below count / 2^64.
        for (int i = _count - 1; i > 0; i--)
        {
            int j = (int)(Mix(_seed, epoch, (ulong)i) % (ulong)(i + 1));
            (order[i], order[j]) = (order[j], order[i]);
        }

        if (_epochs.Count > 1)
            _epochs.Clear();
        return _epochs[epoch] = order;
    }
}
