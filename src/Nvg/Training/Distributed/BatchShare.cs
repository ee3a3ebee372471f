using Nvg.Torch;

namespace Nvg.Training.Distributed;

/// <summary>The examples of a batch that one process works on: consecutive ones, as many as another's or one more.</summary>
/// <param name="Start">The first of them.</param>
/// <param name="Count">How many.</param>
/// <param name="Total">Examples of the whole batch.</param>
public readonly record struct BatchShare(int Start, int Count, int Total)
{
    /// <summary>The whole batch.</summary>
    public static BatchShare All(int total) => new(0, total, total);

    /// <summary>The share of a process.</summary>
    /// <param name="total">Examples of the batch.</param>
    /// <param name="rank">Which process, from 0.</param>
    /// <param name="processes">How many processes there are.</param>
    public static BatchShare Of(int total, int rank, int processes)
    {
        int start = (int)((long)total * rank / processes), end = (int)((long)total * (rank + 1) / processes);
        return new BatchShare(start, end - start, total);
    }

    /// <summary>The share's part of something that holds one entry per example of the batch.</summary>
    public T[] Of<T>(IReadOnlyList<T> batch)
    {
        int start = Start;
        return [.. Enumerable.Range(0, Count).Select(i => batch[start + i])];
    }

    /// <summary>The share's rows of a tensor with one row per example of the batch, as a view.</summary>
    public Tensor Of(Tensor batch) => batch.Narrow(0, Start, Count);
}
