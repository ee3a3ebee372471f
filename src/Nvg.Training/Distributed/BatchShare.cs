using Nvg.Torch;

namespace Nvg.Training.Distributed;

/// <summary>Consecutive examples of a batch: those that one process works on, or a part of these that it computes at once.</summary>
/// <param name="Start">The first of them.</param>
/// <param name="Count">How many.</param>
/// <param name="Total">Examples of the whole batch.</param>
public readonly record struct BatchShare(int Start, int Count, int Total)
{
    /// <summary>What a mean over these examples counts in the mean over the batch.</summary>
    public double Weight => (double)Count / Total;

    /// <summary>The example behind the last.</summary>
    public int End => Start + Count;

    /// <summary>The whole batch.</summary>
    public static BatchShare All(int total) => new(0, total, total);

    /// <summary>The share of a process: as many as another's or one more.</summary>
    /// <param name="total">Examples of the batch.</param>
    /// <param name="rank">Which process, from 0.</param>
    /// <param name="processes">How many processes there are.</param>
    public static BatchShare Of(int total, int rank, int processes)
    {
        int start = (int)((long)total * rank / processes), end = (int)((long)total * (rank + 1) / processes);
        return new BatchShare(start, end - start, total);
    }

    /// <summary>One of several parts of these examples: as many as another has or one more.</summary>
    /// <param name="index">Which part, from 0.</param>
    /// <param name="parts">How many there are.</param>
    public BatchShare Part(int index, int parts)
    {
        BatchShare within = Of(Count, index, parts);
        return within with { Start = Start + within.Start, Total = Total };
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
