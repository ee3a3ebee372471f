using Nvg.Generators.Blocks;
using Nvg.Torch;
using Nvg.Training.Distributed;
using Nvg.Training.Optimization;

namespace Nvg.Training.Tasks.Generators;

/// <summary>
/// The images of a batch that take part in each stage: all images in every stage, or a random choice of stages per image. Ordered
/// by stage, these are the sequences of the batch.
/// </summary>
internal sealed class StageChoice
{
    // Images of the whole batch by stage; null for all images in all stages.
    private readonly int[][]? _images;
    private readonly int _stageCount;

    private StageChoice(int[][]? images, int stageCount, double share) => (_images, _stageCount, Share) = (images, stageCount, share);

    /// <summary>Share of the stages that an image takes part in.</summary>
    internal double Share { get; }

    /// <summary>Chooses stages for every image of a batch.</summary>
    /// <param name="size">Stages per image; 0 for all.</param>
    /// <param name="stageCount">Number of stages.</param>
    /// <param name="decisions">The random numbers of each image.</param>
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

    /// <summary>Images of a part of the batch by stage, as indices within the part; null for all. In the caller's scope.</summary>
    internal IReadOnlyList<Tensor?>? ImagesOf(BatchShare share, Device device) => _images is null
        ? null
        : [.. _images.Select(images => Sent([.. images.Where(b => IsIn(share, b)).Select(b => (long)b - share.Start)], device))];

    /// <summary>Rows of a part's sequences among those of the batch; null for a whole batch. In the caller's scope.</summary>
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
            int count = images?.Length ?? share.Total;
            rows.AddRange(Enumerable.Range(0, count).Where(i => IsIn(share, images?[i] ?? i)).Select(i => start + i));
            total += count;
        }

        return new DropPathRows(Sent([.. rows], device), total);
    }

    private static bool IsIn(BatchShare share, int image) => image >= share.Start && image < share.End;

    private static Tensor Sent(long[] numbers, Device device)
    {
        using Tensor host = Tensor.From(numbers, numbers.Length);
        return host.Send(device);
    }
}
