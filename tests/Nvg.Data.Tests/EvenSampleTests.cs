using Nvg.Data.Datasets;

namespace Nvg.Data.Tests;

public class EvenSampleTests
{
    [Theory]
    [InlineData(8, 4)]
    [InlineData(10, 3)]
    [InlineData(10, 10)]
    [InlineData(1, 1)]
    [InlineData(50_000, 10_000)]
    public void Of_Limit_IsOneOfEachStretch(int count, int wanted)
    {
        int[] chosen = [.. EvenSample.Of(count, wanted)];
        Assert.Equal(wanted, chosen.Length);
        for (int i = 0; i < wanted; i++)
            Assert.InRange(chosen[i], (long)i * count / wanted, (long)(i + 1) * count / wanted - 1);
        Assert.Equal(chosen, Enumerable.Range(0, count).Where(i => EvenSample.Contains(i, wanted, count)));
    }

    [Fact]
    public void Of_NoneOrMoreThanThereAre_IsAllOrNothing()
    {
        Assert.Equal([0, 1, 2], EvenSample.Of(3, 7));
        Assert.Equal([0, 1, 2], EvenSample.Of(3, null));
        Assert.False(EvenSample.Contains(0, 0, 3));
    }

    [Fact]
    public void Of_ClassesInTurnOrOneAfterTheOther_HasAllInLikeShares()
    {
        foreach (int limit in new[] { 100, 300, 1000, 2000 })
        {
            int[] inTurn = Shares(EvenSample.Of(10_000, limit).Select(i => i % 10)), sorted = Shares(
                EvenSample.Of(10_000, limit).Select(i => i / 1000));
            Assert.All(sorted, share => Assert.Equal(limit / 10, share));
            // Five deviations of drawing by chance.
            Assert.All(
                inTurn,
                share => Assert.InRange(share, limit / 10 - 5 * Math.Sqrt(limit * 0.09), limit / 10 + 5 * Math.Sqrt(limit * 0.09)));
        }
    }

    [Fact]
    public void Shuffled_Numbers_AreAllThereAndMixed()
    {
        int[] order = EvenSample.Shuffled(1000);
        Assert.Equal(Enumerable.Range(0, 1000), order.Order());
        Assert.InRange(order.Take(500).Count(i => i < 500), 200, 300);
    }

    private static int[] Shares(IEnumerable<int> labels)
    {
        ILookup<int, int> all = labels.ToLookup(label => label);
        return [.. Enumerable.Range(0, 10).Select(c => all[c].Count())];
    }
}
