using Nvg.Torch;

namespace Nvg.Training.Tasks.Generators;

/// <summary>
/// The sequences of one forward pass, ordered by stage: the images that take part in each stage, and the range of their sequences
/// in the joined batch. Owns its tensors.
/// </summary>
internal sealed class StageGroups : IDisposable
{
    private StageGroups(IReadOnlyList<Group> groups, Tensor stage_N)
    {
        Groups = groups;
        Stage_N = stage_N;
    }

    /// <summary>The stages in which at least one image takes part.</summary>
    internal IReadOnlyList<Group> Groups { get; }

    /// <summary>The stage of each sequence.</summary>
    internal Tensor Stage_N { get; }

    /// <param name="subsets">Images per stage; null for all.</param>
    /// <param name="stageCount">Number of stages.</param>
    /// <param name="like_B">A tensor with one row per image; provides the number of images and the device.</param>
    /// <param name="share">Expected share of images in a stage.</param>
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

    /// <summary>Joins the rows of each stage's images over all stages.</summary>
    /// <param name="perStage">Returns a B × … tensor for a stage.</param>
    internal Tensor Select(Func<int, Tensor> perStage)
    {
        using var scope = new TensorScope();
        return scope.Keep(Tensor.Cat([.. Groups.Select(g => g.Take(perStage(g.Stage)))], 0));
    }

    public void Dispose() => Stage_N.Dispose();

    /// <summary>The images of one stage.</summary>
    /// <param name="Stage">Stage, from 0.</param>
    /// <param name="Images">Indices of the images in the batch; null for all.</param>
    /// <param name="Start">Index of the first of their sequences in the joined batch.</param>
    /// <param name="Size">Number of images.</param>
    /// <param name="Weight">Number of images divided by the expected number.</param>
    internal sealed record Group(int Stage, Tensor? Images, long Start, long Size, double Weight)
    {
        /// <summary>The rows of these images in a B × … tensor.</summary>
        internal Tensor Take(Tensor perImage) => Images is null ? perImage.Alias() : perImage.IndexSelect(0, Images);

        /// <summary>The rows of this stage in a joined tensor.</summary>
        internal Tensor Slice(Tensor joined) => joined.Narrow(0, Start, Size);
    }
}
