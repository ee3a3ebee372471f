using Nvg.Torch;
using Nvg.Training.Distributed;

namespace Nvg.Training.Tests.Distributed;

public sealed class BatchShareTests
{
    [Theory]
    [InlineData(16, 4)]
    [InlineData(16, 3)]
    [InlineData(5, 5)]
    [InlineData(7, 1)]
    public void Of_AllRanks_CoverTheBatchWithoutOverlap(int total, int processes)
    {
        int[] batch = [.. Enumerable.Range(100, total)];
        BatchShare[] shares = [.. Enumerable.Range(0, processes).Select(rank => BatchShare.Of(total, rank, processes))];
        Assert.Equal(batch, shares.SelectMany(s => s.Of(batch)));
        Assert.All(shares, s => Assert.InRange(s.Count, total / processes, (total + processes - 1) / processes));
    }

    [Theory]
    [InlineData(17, 2, 3)]
    [InlineData(5, 2, 2)]
    [InlineData(8, 1, 4)]
    public void Part_AllPartsOfAllShares_CoverTheBatchAndWeighOne(int total, int processes, int parts)
    {
        BatchShare[] all = [.. Enumerable.Range(0, processes).SelectMany(
            rank => Enumerable.Range(0, parts).Select(i => BatchShare.Of(total, rank, processes).Part(i, parts)))];
        Assert.Equal(Enumerable.Range(0, total), all.SelectMany(p => p.Of([.. Enumerable.Range(0, total)])));
        Assert.Equal(1, all.Sum(p => p.Weight), 1e-12);
        Assert.All(all.Skip(1).Zip(all), p => Assert.Equal(p.Second.End, p.First.Start));
        Assert.All(all, p => Assert.Equal(total, p.Total));
    }

    [Fact]
    public void Of_Tensor_IsTheSharesRows()
    {
        using Tensor batch = Tensor.From([0f, 1, 2, 3, 4, 5], 3, 2);
        using Tensor rows = BatchShare.Of(3, rank: 1, processes: 2).Of(batch);
        Assert.Equal([2f, 3, 4, 5], rows.ToArray<float>());
    }
}
