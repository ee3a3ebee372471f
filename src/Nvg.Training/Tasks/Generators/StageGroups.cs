using Nvg.Torch;

namespace Nvg.Training.Tasks.Generators;

/// <summary>
/// The sequences of one pass, stage after stage: which images take part in each stage, and where their sequences lie in the
/// joined batch. Owns its tensors.
/// </summary>
internal sealed class StageGroups : IDisposable
{
    private StageGroups(IReadOnlyList<Group> groups, Tensor stage_N)
    {
        Groups = groups;
        Stage_N = stage_N;
    }

    /// <summary>Stages in which any image takes part.</summary>
    internal IReadOnlyList<Group> Groups { get; }

    /// <summary>Stage of each sequence.</summary>
    internal Tensor Stage_N { get; }

    /// <param name="subsets">Images per stage, null for all.</param>
    /// <param name="stageCount">Number of stages.</param>
    /// <param name="like_B">Gives the number of images and the device.</param>
    /// <param name="share">Expected share of images that take part in a stage.</param>
    internal static StageGroups Gather(IReadOnlyList<Tensor?>? subsets, int stageCount, Tensor like_B, double share)
    {
        long count = like_B.Size(0);
        var groups = new List<Group>();
        var stages = new List<long>();
        for (int stage = 0; stage < stageCount; stage++)
        {
            Tensor? images = subsets?[stage];
            long size = images?.Size(0) ?? count;
            if (size == 0)
                continue;
            groups.Add(new Group(stage, images, stages.Count, size, size / (count * share)));
            stages.AddRange(Enumerable.Repeat((long)stage, (int)size));
        }

        using Tensor host = Tensor.From(stages.ToArray(), stages.Count);
        return new StageGroups(groups, host.Send(like_B.Device).Own());
    }

    /// <summary>Joins, over the stages, what each stage's images have.</summary>
    /// <param name="perStage">B × … of one stage.</param>
    internal Tensor Select(Func<int, Tensor> perStage)
    {
        using var scope = new TensorScope();
        return scope.Keep(Tensor.Cat([.. Groups.Select(g => g.Take(perStage(g.Stage)))], 0));
    }

    public void Dispose() => Stage_N.Dispose();

    /// <summary>One stage's images.</summary>
    /// <param name="Stage">i.</param>
    /// <param name="Images">Their numbers in the batch, null for all.</param>
    /// <param name="Start">Where their sequences begin in the joined batch.</param>
    /// <param name="Size">How many there are.</param>
    /// <param name="Weight">Number of images over the expected number.</param>
    internal sealed record Group(int Stage, Tensor? Images, long Start, long Size, double Weight)
    {
        /// <summary>The images' rows of a B × … tensor.</summary>
        internal Tensor Take(Tensor perImage) => Images is null ? perImage.Alias() : perImage.IndexSelect(0, Images);

        /// <summary>The stage's part of a joined tensor.</summary>
        internal Tensor Slice(Tensor joined) => joined.Narrow(0, Start, Size);
    }
}
