using System.Numerics;
using Nvg.Granularity;

namespace Nvg.Control;

/// <summary>Structure from finished label maps of consecutive stages.</summary>
internal static class FinishedStructure
{
    /// <summary>
    /// Builds the stages, including the coarser ones that follow from the first map. Balance and nesting are not checked.
    /// </summary>
    /// <param name="labels">The maps one after the other, row by row.</param>
    /// <param name="shape">L; h × w; M × L; or M × h × w.</param>
    /// <param name="grid">The latent positions.</param>
    /// <exception cref="ArgumentException">The shape or the number of clusters is wrong.</exception>
    internal static IReadOnlyList<StructureStage> Build(int[] labels, IReadOnlyList<long> shape, LatentGrid grid)
    {
        int count = MapCount(shape, grid);
        int firstStage = StageOf(labels.AsSpan(0, grid.Length));
        int LabelAt(int stage, int position) => stage < firstStage
            ? labels[position] >> (firstStage - stage)
            : labels[(stage - firstStage) * grid.Length + position];
        int[][] maps = [.. Enumerable.Range(0, firstStage + count)
            .Select(stage => Enumerable.Range(0, grid.Length).Select(l => LabelAt(stage, l)).ToArray())];
        return maps.Length <= grid.StageCount
            ? [.. maps.Select(map => new StructureStage(map, map, new bool[grid.Length]))]
            : throw new ArgumentException($"holds maps up to stage {maps.Length - 1}, the model's last stage is {grid.LastStage}");
    }

    private static int MapCount(IReadOnlyList<long> shape, LatentGrid grid)
    {
        long[] sides = [.. shape];
        if (sides.Length is 0 or > 3 || !(EndsWith(sides, grid.Length) || EndsWith(sides, grid.Height, grid.Width)))
        {
            throw new ArgumentException(
                $"has the shape ({string.Join(", ", shape)}); maps for this model are {grid.Height} × {grid.Width} or {grid.Length} "
                + "positions, one map or several");
        }

        return checked((int)(sides.Aggregate(1L, (product, side) => product * side) / grid.Length));
    }

    private static bool EndsWith(long[] sides, params ReadOnlySpan<long> end) =>
        sides.Length - end.Length is 0 or 1 && sides.AsSpan(sides.Length - end.Length).SequenceEqual(end);

    private static int StageOf(ReadOnlySpan<int> map)
    {
        int largest = 0;
        foreach (int label in map)
            largest = Math.Max(largest, label);
        return BitOperations.IsPow2((long)largest + 1)
            ? BitOperations.Log2((uint)largest + 1)
            : throw new ArgumentException($"the first map has {largest + 1L} clusters; a stage has 1, 2, 4, 8, …");
    }
}
