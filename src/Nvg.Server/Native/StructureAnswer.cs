using Nvg.Control;
using Nvg.Granularity;
using Nvg.Server.Requests;

namespace Nvg.Server.Native;

/// <summary>The API's explanation of a structure map.</summary>
internal sealed record StructureAnswer(LatentAnswer Latent, IReadOnlyList<StructureStageAnswer> Stages, bool HasEffect,
    IReadOnlyList<string> Notes)
{
    internal static StructureAnswer Of(StructureMap map) => new(
        new LatentAnswer(map.Grid.Height, map.Grid.Width), [.. map.Stages.Select(StructureStageAnswer.Of)], map.Stages.Count > 1,
        [.. PlanBuilder.StructureNotes(map)]);
}

/// <summary>Size of the latent grid.</summary>
internal sealed record LatentAnswer(int Height, int Width);

/// <summary>One stage of a structure map.</summary>
internal sealed record StructureStageAnswer(
    int Index, int Clusters, IReadOnlyList<int> Asked, IReadOnlyList<int> Used, IReadOnlyList<int> Moved, int MovedCount, double MovedShare)
{
    internal static StructureStageAnswer Of(StructureStage stage, int index)
    {
        int[] moved = [.. stage.Moved.Select(m => m ? 1 : 0)];
        int count = moved.Sum();
        return new StructureStageAnswer(
            index, LatentGrid.ClusterCount(index), stage.Asked, stage.Used, moved, count, (double)count / moved.Length);
    }
}
