using Nvg.Granularity;
using Nvg.Torch;

namespace Nvg.Tests.Granularity;

/// <summary>The managed counterpart of the clustering kernel against the kernel.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class GreedyClusteringTests
{
    [Theory]
    [Trait(TorchDoors.Trait, TorchDoors.Compiled)]
    [InlineData(1, 1, 1)]
    [InlineData(2, 2, 3)]
    [InlineData(3, 64, 8)]
    [InlineData(1, 256, 32)]
    public void Cluster_RandomPoints_GivesTheKernelsLabels(int batch, int length, int channels)
    {
        using var scope = new TensorScope();
        using var random = new RandomGenerator(1);
        Tensor points_BLC = Tensor.Randn([batch, length, channels], random) * 1e-20;
        Assert.Equal(
            new Operator("nvg::greedy_clustering").Call(points_BLC).ToArray<long>(), GreedyClustering.Cluster(points_BLC).ToArray<long>());
    }

    [Fact]
    [Trait(TorchDoors.Trait, TorchDoors.Compiled)]
    public void Cluster_EqualDistances_TakesTheKernelsOrder()
    {
        using var scope = new TensorScope();
        using var random = new RandomGenerator(2);
        Tensor points_BLC = (Tensor.Rand([4, 64, 2], random) * 3).Floor();
        Assert.Equal(
            new Operator("nvg::greedy_clustering").Call(points_BLC).ToArray<long>(), GreedyClustering.Cluster(points_BLC).ToArray<long>());
    }

    [Fact]
    public void Cluster_TwoPairs_AreSiblings()
    {
        using Tensor points_BLC = Tensor.From([0f, 10, 1, 12], 1, 4, 1);
        using Tensor labels = GreedyClustering.Cluster(points_BLC);
        Assert.Equal([0L, 0, 0, 0, 0, 1, 0, 1, 0, 2, 1, 3], labels.ToArray<long>());
    }

    [Fact]
    public void Cluster_UnusablePoints_Throws()
    {
        using Tensor odd = Tensor.Zeros([1, 3, 2]), infinite = Tensor.Full([1, 4, 2], double.PositiveInfinity);
        Assert.Throws<TorchArgumentException>(() => GreedyClustering.Cluster(odd));
        Assert.Throws<TorchArgumentException>(() => GreedyClustering.Cluster(infinite));
    }
}
