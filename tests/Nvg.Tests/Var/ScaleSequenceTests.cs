using Nvg.Var.Tokenizers;

namespace Nvg.Tests.Var;

public class ScaleSequenceTests
{
    [Fact]
    public void Length_PublishedScales_AreThoseOfTheModels()
    {
        Assert.Equal(
            (10, 680, 16), (ScaleSequence.Published256.Count, ScaleSequence.Published256.Length, ScaleSequence.Published256.LatentSide));
        Assert.Equal(
            (10, 2240, 32), (ScaleSequence.Published512.Count, ScaleSequence.Published512.Length, ScaleSequence.Published512.LatentSide));
    }

    [Fact]
    public void Start_EveryScale_FollowsTheOneBefore()
    {
        ScaleSequence scales = ScaleSequence.Published256;
        for (int i = 0; i < scales.Count; i++)
            Assert.Equal(scales.Start(i) + scales.TokenCount(i), scales.Start(i + 1));
        Assert.Equal((0.0, 1.0), (scales.Position(0), scales.Position(scales.Last)));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(1, 1)]
    [InlineData(0, 2)]
    [InlineData(3, 2)]
    public void Constructor_NoGrowingList_Throws(params int[] sides) =>
        Assert.Throws<ArgumentException>(() => new ScaleSequence(sides));

    // Two of the ten lie exactly between two ticks.
    [Fact]
    public void RefinerTable_TenScales_IsThatOfThePublishedModels() =>
        Assert.Equal([0, 0, 1, 1, 1, 2, 2, 3, 3, 3], RefinerTable.Of(10, 4));

    [Fact]
    public void RefinerTable_OneRefiner_ServesAllScales() => Assert.Equal([0, 0, 0], RefinerTable.Of(3, 1));
}
