using Nvg.Torch;

namespace Nvg.Training.Distributed;

/// <summary>A range of consecutive examples of a batch: the share of one process, or a micro-batch of that share.</summary>
/// <param name="Start">Index of the first example.</param>
/// <param name="Count">Number of examples.</param>
/// <param name="Total">Examples in the whole batch.</param>
public readonly record struct BatchShare(int Start, int Count, int Total)
{
    /// <summary>Weight of a mean over this range within the mean over the batch.</summary>
    public double Weight => (double)Count / Total;

    /// <summary>Index after the last example.</summary>
    public int End => Start + Count;

    /// <summary>The whole batch.</summary>
    public static BatchShare All(int total) => new(0, total, total);

    /// <summary>The share of a process. Shares differ by at most one example.</summary>
    /// <param name="total">Examples in the batch.</param>
    /// <param name="rank">Rank of the process, from 0.</param>
    /// <param name="processes">Number of processes.</param>
    public static BatchShare Of(int total, int rank, int processes)
    {
        int start = (int)((long)total * rank / processes), end = (int)((long)total * (rank + 1) / processes);
        return new BatchShare(start, end - start, total);
    }

    /// <summary>One of several parts of this range. Parts differ by at most one example.</summary>
    /// <param name="index">Index of the part, from 0.</param>
    /// <param name="parts">Number of parts.</param>
    public BatchShare Part(int index, int parts)
    {
        BatchShare within = Of(Count, index, parts);
        return within with { Start = Start + within.Start, Total = Total };
    }

    /// <summary>The entries of this range in a list with one entry per example of the batch.</summary>
    public T[] Of<T>(IReadOnlyList<T> batch)
    {
        int start = Start;
        return [.. Enumerable.Range(0, Count).Select(i => batch[start + i])];
    }

    /// <summary>A view of the rows of this range in a tensor with one row per example of the batch.</summary>
    public Tensor Of(Tensor batch) => batch.Narrow(0, Start, Count);
}
