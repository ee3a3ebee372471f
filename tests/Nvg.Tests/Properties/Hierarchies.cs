using CsCheck;
using Nvg.Granularity;

namespace Nvg.Tests.Properties;

/// <summary>Random hierarchies of structure maps.</summary>
internal static class Hierarchies
{
    /// <summary>Grids of 2 to 64 positions, square and not.</summary>
    internal static readonly Gen<LatentGrid> Grid =
        Gen.Select(Gen.Int[0, 3], Gen.Int[1, 3]).Select(sides => new LatentGrid(1 << sides.Item1, 1 << sides.Item2));

    /// <summary>The labels of all stages, (K + 1) × L, of a random balanced hierarchy.</summary>
    internal static Gen<int[]> Labels(LatentGrid grid) => Gen.Shuffle(Enumerable.Range(0, grid.Length).ToArray()).Select(last =>
        Enumerable.Range(0, grid.StageCount).SelectMany(stage => last.Select(label => label >> (grid.LastStage - stage))).ToArray());

    /// <summary>Fails unless every label is a child of the stage before and all clusters of a stage have the same size.</summary>
    /// <param name="maps">Labels of stages 0, 1, ….</param>
    /// <param name="grid">The latent positions.</param>
    internal static void AssertBalanced(IReadOnlyList<int[]> maps, LatentGrid grid)
    {
        for (int stage = 0; stage < maps.Count; stage++)
        {
            int[] sizes = new int[LatentGrid.ClusterCount(stage)];
            for (int l = 0; l < grid.Length; l++)
            {
                sizes[maps[stage][l]]++;
                if (stage > 0)
                    Assert.Equal(maps[stage - 1][l], maps[stage][l] >> 1);
            }

            Assert.All(sizes, size => Assert.Equal(grid.ClusterSize(stage), size));
        }
    }
}
