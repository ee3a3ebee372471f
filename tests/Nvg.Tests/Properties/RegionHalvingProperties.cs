using CsCheck;
using Nvg.Granularity;
using Nvg.Granularity.Construction;

namespace Nvg.Tests.Properties;

public class RegionHalvingProperties
{
    private static readonly Gen<(LatentGrid Grid, int[] Regions)> Case =
        from grid in Hierarchies.Grid
        from regions in Gen.Int[0, 5].Array[grid.Length]
        select (grid, regions);

    [Fact]
    public void Build_AnyRegions_IsABalancedHierarchy() => Case.Sample(c =>
    {
        List<int[]> maps = RegionHalving.Build(c.Regions, c.Grid, c.Grid.StageCount);
        Assert.Equal(c.Grid.StageCount, maps.Count);
        Hierarchies.AssertBalanced(maps, c.Grid);
    }, iter: 100, threads: 1);

    [Fact]
    public void Build_WithoutNumberOfStages_IsTheStartOfTheWholeHierarchy() => Case.Sample(c =>
    {
        List<int[]> some = RegionHalving.Build(c.Regions, c.Grid, null), all = RegionHalving.Build(c.Regions, c.Grid, c.Grid.StageCount);
        Assert.Equal(all.Take(some.Count), some);
    }, iter: 100, threads: 1);

    [Fact]
    public void Build_TwoRegionsOfEqualSize_AreTheFirstSplit() =>
        (from grid in Hierarchies.Grid
         from regions in Gen.Shuffle(Enumerable.Range(0, grid.Length).Select(l => 2 * l / grid.Length).ToArray())
         select (grid, regions)).Sample(c => Assert.Equal(c.regions, RegionHalving.Build(c.regions, c.grid, 2)[1]), iter: 100, threads: 1);
}
