using CsCheck;
using Nvg.Training.Distributed;

namespace Nvg.Tests.Properties;

public class BatchShareProperties
{
    private static readonly Gen<(int Total, int Processes, int Parts)> Case = Gen.Select(Gen.Int[0, 300], Gen.Int[1, 17], Gen.Int[1, 9]);

    [Fact]
    public void Of_AllRanks_PartitionTheBatchEvenly() => Case.Sample(c =>
    {
        BatchShare[] shares = [.. Enumerable.Range(0, c.Processes).Select(rank => BatchShare.Of(c.Total, rank, c.Processes))];
        AssertPartition(shares, 0, c.Total, c.Total);
    }, iter: 500);

    [Fact]
    public void Part_AllParts_PartitionTheShareEvenly() => Case.Sample(c =>
    {
        BatchShare share = BatchShare.Of(c.Total, c.Processes / 2, c.Processes);
        AssertPartition([.. Enumerable.Range(0, c.Parts).Select(i => share.Part(i, c.Parts))], share.Start, share.End, c.Total);
    }, iter: 500);

    [Fact]
    public void Of_List_GivesTheBatchInOrder() => Case.Sample(c =>
    {
        int[] batch = [.. Enumerable.Range(0, c.Total)];
        Assert.Equal(batch, Enumerable.Range(0, c.Processes).SelectMany(rank => BatchShare.Of(c.Total, rank, c.Processes).Of(batch)));
    }, iter: 500);

    private static void AssertPartition(BatchShare[] shares, int start, int end, int total)
    {
        Assert.Equal(start, shares[0].Start);
        Assert.Equal(end, shares[^1].End);
        Assert.All(shares.Zip(shares.Skip(1)), pair => Assert.Equal(pair.First.End, pair.Second.Start));
        Assert.InRange(shares.Max(s => s.Count) - shares.Min(s => s.Count), 0, 1);
        Assert.All(shares, share => Assert.Equal(total, share.Total));
        if (total > 0)
            Assert.Equal((double)(end - start) / total, shares.Sum(s => s.Weight), 1e-12);
    }
}
