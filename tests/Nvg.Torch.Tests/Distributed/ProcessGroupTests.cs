using Nvg.Torch.Distributed;

namespace Nvg.Torch.Tests.Distributed;

/// <summary>
/// Collectives and the reducer of gradients, with ranks that are threads of one process and talk over TCP as processes do.
/// </summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
[Trait(TorchDoors.Trait, TorchDoors.Compiled)]
public sealed class ProcessGroupTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void AllReduce_SumAndMaximum_AreOverAllRanks(int count)
    {
        float[][] results = InGroup(count, group =>
        {
            using Tensor sum = Tensor.From([group.Rank + 1f, -group.Rank], 2), maximum = Tensor.From([(float)group.Rank, -group.Rank], 2);
            using (CollectiveWork first = group.AllReduce(sum), second = group.AllReduce(maximum, ReduceOperation.Maximum))
            {
                first.Wait();
                second.Wait();
                Assert.True(first.IsDone);
            }

            return (float[])[.. sum.ToArray<float>(), .. maximum.ToArray<float>()];
        });
        Assert.All(results, r => Assert.Equal([count * (count + 1) / 2f, -count * (count - 1) / 2f, count - 1, 0], r));
    }

    [Fact]
    public void Broadcast_OfRankOne_ReachesAll()
    {
        long[][] results = InGroup(3, group =>
        {
            using Tensor tensor = Tensor.From([10L * group.Rank, 7], 2);
            using CollectiveWork work = group.Broadcast(tensor, root: 1);
            work.Wait();
            return tensor.ToArray<long>();
        });
        Assert.All(results, r => Assert.Equal([10, 7], r));
    }

    [Fact]
    public void KeyValueStore_SetsCountsAndWaits()
    {
        int port = Ranks.FreePort();
        string[] read = Ranks.Run(2, rank =>
        {
            using var store = new KeyValueStore("127.0.0.1", port, rank == 0, Timeout);
            Assert.False(store.Has("nothing"));
            if (rank == 1)
                store.Set("text", "ä" + new string('x', 5000));
            string text = store.Get("text");
            Part(store, rank, 2);
            return text;
        });
        Assert.All(read, text => Assert.Equal("ä" + new string('x', 5000), text));
    }

    [Fact]
    public void KeyValueStore_KeyThatNobodySets_FailsAfterItsTimeout()
    {
        using var store = new KeyValueStore("127.0.0.1", Ranks.FreePort(), isServer: true, TimeSpan.FromSeconds(2));
        Assert.Throws<TorchException>(() => store.Get("never"));
    }

    // loss = Σ (w · x)² over an example per rank, so the gradient of w is 2 (w · x) x, and of several ranks the weighted sum.
    [Theory]
    [InlineData(true, 1L << 20)]
    [InlineData(true, 1)]
    [InlineData(false, 1)]
    public void GradientReducer_WeightedSum_IsTheGradientOfTheWholeBatch(bool overlap, long bucketBytes)
    {
        const int steps = 3;
        float[][] gradients = InGroup(2, group =>
        {
            using Tensor a = Leaf(0.5f, -1), b = Leaf(2, 0.25f);
            using var reducer = new GradientReducer([a, b], group, bucketBytes, overlap);
            Assert.Equal(bucketBytes == 1 ? 2 : 1, reducer.BucketCount);
            for (int step = 0; step < steps; step++)
            {
                a.Grad = b.Grad = null;
                using var scope = new TensorScope();
                Tensor x = Tensor.From([1f + group.Rank, 2f - group.Rank], 2);
                Tensor loss = ((a * x).Sum() * (b * x).Sum()).Square() * (group.Rank == 0 ? 0.75 : 0.25);
                reducer.Begin();
                loss.Backward();
                Assert.Equal(overlap ? reducer.BucketCount : 0, reducer.LaunchedCount);
                reducer.Finish();
            }

            using Tensor gradA = a.Grad!, gradB = b.Grad!;
            a.Grad = b.Grad = null;
            return (float[])[.. gradA.ToArray<float>(), .. gradB.ToArray<float>()];
        });
        double[] expected = new double[4];
        for (int rank = 0; rank < 2; rank++)
        {
            double[] x = [1 + rank, 2 - rank];
            double weight = rank == 0 ? 0.75 : 0.25, dotA = 0.5 * x[0] - x[1], dotB = 2 * x[0] + 0.25 * x[1];
            for (int i = 0; i < 2; i++)
            {
                expected[i] += weight * 2 * dotA * dotB * dotB * x[i];
                expected[2 + i] += weight * 2 * dotA * dotA * dotB * x[i];
            }
        }

        Assert.All(gradients, g => Assert.All(g.Zip(expected), p => Assert.Equal(p.Second, p.First, 1e-5)));
        Assert.Equal(gradients[0], gradients[1]);
    }

    [Fact]
    public void GradientReducer_ParameterThatSomeRanksDoNotUse_CountsAsZeroThere()
    {
        float[]?[][] gradients = InGroup(2, group =>
        {
            using Tensor everywhere = Leaf(1, 2), here = Leaf(3, 4), nowhere = Leaf(5, 6);
            using var reducer = new GradientReducer([everywhere, here, nowhere], group, bucketBytes: 1);
            using (var scope = new TensorScope())
            {
                Tensor loss = everywhere.Sum() * 0.5;
                if (group.Rank == 1)
                    loss += here.Sum();
                reducer.Begin();
                loss.Backward();
                reducer.Finish();
            }

            return new[] { everywhere, here, nowhere }.Select(p =>
            {
                using Tensor? grad = p.Grad;
                p.Grad = null;
                return grad?.ToArray<float>();
            }).ToArray();
        });
        Assert.All(gradients, g =>
        {
            Assert.Equal([1f, 1f], g[0]!);
            Assert.Equal([1f, 1f], g[1]!);
            Assert.Null(g[2]);
        });
    }

    [Fact]
    public void GradientReducer_GradientInTwoParts_IsRefusedWhereItCannotBeRight()
    {
        InGroup(1, group =>
        {
            using Tensor a = Leaf(1, 2);
            using var reducer = new GradientReducer([a], group);
            using var scope = new TensorScope();
            reducer.Begin();
            a.Sum().Backward();
            a.Sum().Backward();
            a.Grad = null;
            Assert.Contains("two parts", Assert.Throws<InvalidOperationException>(reducer.Finish).Message, StringComparison.Ordinal);
            return true;
        });
    }

    private static Tensor Leaf(params float[] values)
    {
        Tensor leaf = Tensor.From(values, values.Length);
        leaf.RequiresGrad = true;
        return leaf;
    }

    private static T[] InGroup<T>(int count, Func<ProcessGroup, T> work)
    {
        int port = Ranks.FreePort();
        return Ranks.Run(count, rank =>
        {
            using var store = new KeyValueStore("127.0.0.1", port, rank == 0, Timeout);
            using var group = new ProcessGroup(store, ProcessGroupBackend.Gloo, "test", rank, count, Timeout, address: "127.0.0.1");
            T result = work(group);
            Part(store, rank, count);
            return result;
        });
    }

    // The store of rank 0 stays until all have seen that all are done.
    private static void Part(KeyValueStore store, int rank, int count)
    {
        store.Add("done", 1);
        while (store.Add("done", 0) < count)
            Thread.Sleep(1);
        store.Add("parted", 1);
        while (rank == 0 && store.Add("parted", 0) < count)
            Thread.Sleep(1);
    }
}
