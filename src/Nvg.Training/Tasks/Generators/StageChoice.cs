using Nvg.Generators;
using Nvg.Torch;
using Nvg.Training.Distributed;
using Nvg.Training.Optimization;

namespace Nvg.Training.Tasks.Generators;

/// <summary>
/// Which images of a whole batch take part in which stage: all in all, or a random choice of stages for each image. Stage by
/// stage these are the sequences of the batch, of which a part of it has some.
/// </summary>
internal sealed class StageChoice
{
    // Images of the whole batch by stage; null for all in all.
    private readonly int[][]? _images;
    private readonly int _stageCount;

    private StageChoice(int[][]? images, int stageCount, double share) => (_images, _stageCount, Share) = (images, stageCount, share);

    /// <summary>Share of all stages that an image takes part in.</summary>
    internal double Share { get; }

    /// <summary>Chooses stages for every image of a batch.</summary>
    /// <param name="size">Stages of an image; 0 for all.</param>
    /// <param name="stageCount">Of how many.</param>
    /// <param name="decisions">Random numbers of each image.</param>
    internal static StageChoice Draw(int size, int stageCount, HostRandom[] decisions)
    {
        if (size == 0 || size >= stageCount)
            return new StageChoice(null, stageCount, 1);
        List<int>[] images = [.. Enumerable.Range(0, stageCount).Select(_ => new List<int>())];
        for (int b = 0; b < decisions.Length; b++)
        {
            double[] u = [.. Enumerable.Range(0, stageCount).Select(_ => decisions[b].Next())];
            foreach (int stage in Enumerable.Range(0, stageCount).OrderBy(s => u[s]).Take(size))
                images[stage].Add(b);
        }

        return new StageChoice(Array.ConvertAll(images, list => list.ToArray()), stageCount, (double)size / stageCount);
    }

    /// <summary>Images of a part of the batch, by stage and counted within the part; null for all. In the caller's scope.</summary>
    internal IReadOnlyList<Tensor?>? ImagesOf(BatchShare share, Device device) => _images is null
        ? null
        : [.. _images.Select(images => Sent([.. images.Where(b => b >= share.Start && b < share.End).Select(b => (long)b - share.Start)], device))];

    /// <summary>Places of a part's sequences among those of the batch; null for the whole batch. In the caller's scope.</summary>
    internal DropPathRows? RowsOf(BatchShare share, Device device)
    {
        if (share.Count == share.Total)
            return null;
        var rows = new List<long>();
        long total = 0;
        for (int stage = 0; stage < _stageCount; stage++)
        {
            long start = total;
            int[]? images = _images?[stage];
            rows.AddRange(Enumerable.Range(0, images?.Length ?? share.Total).Where(i => (images?[i] ?? i) is var b && b >= share.Start && b < share.End).Select(i => start + i));
            total += images?.Length ?? share.Total;
        }

        return new DropPathRows(Sent([.. rows], device), total);
    }

    private static Tensor Sent(long[] numbers, Device device)
    {
        using Tensor host = Tensor.From(numbers, numbers.Length);
        return host.Send(device);
    }
}
