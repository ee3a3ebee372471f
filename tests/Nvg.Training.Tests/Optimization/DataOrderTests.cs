using Nvg.Training.Optimization;

namespace Nvg.Training.Tests.Optimization;

public class DataOrderTests
{
    [Theory]
    [InlineData(10, 5)]
    [InlineData(10, 3)]
    [InlineData(7, 20)]
    [InlineData(1, 1)]
    public void Batch_EveryEpoch_IsAPermutation(int count, int batchSize)
    {
        var order = new DataOrder(count, batchSize, 3);
        int[] all = [.. Enumerable.Range(0, 60).SelectMany(step => order.Batch(step))];
        int[][] epochs = [.. all.Chunk(count).Where(e => e.Length == count)];
        Assert.All(epochs, epoch => Assert.Equal(Enumerable.Range(0, count), epoch.Order()));
        if (count >= 10)
            Assert.Equal(epochs.Length, epochs.Select(e => string.Join(' ', e)).Distinct().Count());
    }

    [Fact]
    public void Batch_AnyStepFirst_IsTheSame()
    {
        var straight = new DataOrder(13, 4, 9);
        int[][] batches = [.. Enumerable.Range(0, 40).Select(step => straight.Batch(step))];
        var jumping = new DataOrder(13, 4, 9);
        foreach (int step in new[] { 39, 0, 17, 3, 18, 39 })
            Assert.Equal(batches[step], jumping.Batch(step));
        Assert.NotEqual(batches[0], new DataOrder(13, 4, 10).Batch(0));
    }

    [Fact]
    public void Batch_FirstPlace_IsTakenByAllEvenly()
    {
        int[] counts = new int[5];
        for (ulong seed = 0; seed < 5000; seed++)
            counts[new DataOrder(5, 1, seed).Batch(0)[0]]++;
        // The 99.9 % point of chi-square with four degrees of freedom is 18.5.
        Assert.True(counts.Sum(c => (c - 1000.0) * (c - 1000) / 1000) < 18.5, string.Join(' ', counts));
    }

    [Fact]
    public void Mix_NearbyWords_DoNotCollide()
    {
        var seen = new HashSet<ulong>();
        for (ulong seed = 0; seed < 20; seed++)
            for (long step = 0; step < 100; step++)
                for (ulong purpose = 0; purpose < 5; purpose++)
                    Assert.True(seen.Add(RandomSeed.Mix(seed, step, purpose)));
    }
}
