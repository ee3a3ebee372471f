using Nvg.Torch;
using Nvg.Training.Distributed;

namespace Nvg.Tests.Training.Distributed;

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

    [Fact]
    public void Of_Tensor_IsTheSharesRows()
    {
        using Tensor batch = Tensor.From([0f, 1, 2, 3, 4, 5], 3, 2);
        using Tensor rows = BatchShare.Of(3, rank: 1, processes: 2).Of(batch);
        Assert.Equal([2f, 3, 4, 5], rows.ToArray<float>());
    }
}
