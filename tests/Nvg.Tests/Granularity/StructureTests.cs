using Nvg.Granularity;
using Nvg.Torch;

namespace Nvg.Tests.Granularity;

[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class StructureTests
{
    public static TheoryData<int, int> Grids => new() { { 1, 1 }, { 1, 2 }, { 2, 2 }, { 4, 4 }, { 8, 8 }, { 8, 16 }, { 16, 16 } };

    [Theory]
    [MemberData(nameof(Grids))]
    public void Build_RandomPoints_IsBalancedAndNested(int height, int width)
    {
        using var scope = new TensorScope();
        var grid = new LatentGrid(height, width);
        Tensor structure_BSL = StructureConstruction.Build(Points(3, grid.Length));
        Assert.Equal([3, grid.StageCount, grid.Length], structure_BSL.Shape.ToArray());
        for (int b = 0; b < 3; b++)
        {
            long[] parent = new long[grid.Length];
            for (int i = 0; i <= grid.LastStage; i++)
            {
                long[] map = Map(structure_BSL, b, i);
                Assert.All(map.CountBy(label => label), c => Assert.Equal(grid.ClusterSize(i), c.Value));
                Assert.Equal(LatentGrid.ClusterCount(i), map.Distinct().Count());
                Assert.Equal(Enumerable.Range(0, i + 1).Sum(LatentGrid.ClusterCount), LatentGrid.TokenCount(i));
                Assert.Equal(i == 0 ? map : parent, i == 0 ? new long[grid.Length] : Array.ConvertAll(map, label => label >> 1));
                parent = map;
            }
        }
    }

    [Fact]
    public void Build_PermutedPositions_PermutesAllStagesButTheLast()
    {
        using var scope = new TensorScope();
        Tensor points = Points(1, 64);
        long[] order = [.. Enumerable.Range(0, 64).Select(l => (long)l)];
        new Random(5).Shuffle(order);
        Tensor index = Tensor.From(order, 64);
        Tensor straight = StructureConstruction.Build(points), permuted = StructureConstruction.Build(points.IndexSelect(1, index));
        // Within a pair the lower position comes first, which a permutation may exchange.
        Assert.Equal(straight.Narrow(1, 0, 6).IndexSelect(2, index).ToArray<long>(), permuted.Narrow(1, 0, 6).ToArray<long>());
    }

    [Fact]
    public void Build_ScaledPointsInAnyBatch_GivesTheSameMaps()
    {
        using var scope = new TensorScope();
        Tensor points = Points(4, 64);
        long[] all = StructureConstruction.Build(points).ToArray<long>();
        Assert.Equal(all, StructureConstruction.Build(points * 8.0).ToArray<long>());
        Assert.Equal(all[^(7 * 64)..], StructureConstruction.Build(points.Narrow(0, 3, 1)).ToArray<long>());
    }

    [Fact]
    public void Build_UnusablePoints_Throws()
    {
        using var scope = new TensorScope();
        Assert.ThrowsAny<TorchException>(() => StructureConstruction.Build(Points(1, 64).Narrow(1, 0, 48)));
        Assert.ThrowsAny<TorchException>(() => StructureConstruction.Build(Points(1, 16) * double.NaN));
    }

    [Theory]
    [MemberData(nameof(Grids))]
    public void Embed_AnyStage_GivesBackItsLabels(int height, int width)
    {
        using var scope = new TensorScope();
        var grid = new LatentGrid(height, width);
        Tensor structure_BSL = Tiny.Structure(grid, 2, grid.StageCount);
        Tensor all_BSLK = StructureEmbedding.EmbedAll(structure_BSL.Select(1, grid.LastStage), grid.LastStage);
        Assert.Equal([2, grid.StageCount, grid.Length, grid.LastStage], all_BSLK.Shape.ToArray());
        for (int i = 0; i <= grid.LastStage; i++)
        {
            Tensor labels_BL = structure_BSL.Select(1, i);
            Tensor embedding_BLK = StructureEmbedding.Embed(labels_BL, i, grid.LastStage);
            Assert.Equal(labels_BL.ToArray<long>(), StructureEmbedding.Labels(embedding_BLK, i).ToArray<long>());
            Assert.Equal(embedding_BLK.ToArray<float>(), all_BSLK.Select(1, i).ToArray<float>());
            // Unknown channels are 1, known ones 0 or 2, so the number of ones shows the stage.
            Assert.Equal(2 * grid.Length * (grid.LastStage - i), embedding_BLK.ToArray<float>().Count(v => v == 1));
        }
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(4, false)]
    [InlineData(32, false)]
    [InlineData(4, true)]
    public void ByScore_RandomScores_EqualsTheRuleInWords(int clusters, bool ties)
    {
        using var scope = new TensorScope();
        var grid = new LatentGrid(8, 8);
        int stage = int.Log2(clusters);
        Tensor labels_BL = Tiny.Structure(grid, 2, stage + 1).Select(1, stage);
        var random = new Random(3);
        float[] scores = [.. Enumerable.Range(0, 128).Select(_ => ties ? random.Next(3) : random.NextSingle())];
        long[] children = StructureSplit.ByScore(labels_BL, Tensor.From(scores, 2, 64), clusters).ToArray<long>();
        Assert.Equal(ExpectedChildren(labels_BL.ToArray<long>(), scores, clusters), children);
    }

    [Fact]
    public void Scores_SaturatedChannels_TieAndGoByPosition()
    {
        using var scope = new TensorScope();
        Tensor labels_BL = Tensor.From([0L, 1, 0, 1, 0, 1, 0, 1], 1, 8);
        // Cluster 0 lies above 1 throughout, cluster 1 below −1 throughout: nothing tells positions apart.
        Tensor channel_BL = Tensor.From([1.5f, -2, 3, -1, 7, -9, 1, -1.5f], 1, 8);
        Tensor scores_BL = StructureSplit.Scores(labels_BL, channel_BL, 2, null);
        Assert.Equal([0.25f, 0, 0.25f, 0, 0.25f, 0, 0.25f, 0], scores_BL.ToArray<float>());
        Assert.Equal([1, 3, 1, 3, 0, 2, 0, 2], StructureSplit.ByScore(labels_BL, scores_BL, 2).ToArray<long>());
    }

    [Fact]
    public void Scores_EachCluster_SumToOneAndKeepTheOrder()
    {
        using var scope = new TensorScope();
        Tensor labels_BL = Tiny.Structure(new LatentGrid(4, 4), 3, 3).Select(1, 2);
        Tensor channel_BL = Points(3, 16).Select(2, 0) * 0.4;
        Tensor scores_BL = StructureSplit.Scores(labels_BL, channel_BL, 4, null);
        Tensor sums = Tensor.Zeros([3, 4]).ScatterAdd(1, labels_BL, scores_BL);
        Assert.All(sums.ToArray<float>(), s => Assert.Equal(1, s, 1e-5));
        Assert.Equal(StructureSplit.ByScore(
            labels_BL, channel_BL.Clamp(-1, 1), 4).ToArray<long>(), StructureSplit.ByScore(labels_BL, scores_BL, 4).ToArray<long>());
    }

    [Fact]
    public void Scores_GumbelNoise_StaysFiniteAndBalanced()
    {
        using var scope = new TensorScope();
        Tensor labels_BL = Tensor.Zeros([1, 8], ScalarType.Int64);
        Tensor channel_BL = Tensor.From([-1f, -1, -1, -1, -1, -1, 1, 1], 1, 8);
        Tensor scores_BL = StructureSplit.Scores(labels_BL, channel_BL, 1, Tensor.From([5f, 4, 3, 2, 1, 0, -1, -2], 1, 8));
        Assert.All(scores_BL.ToArray<float>(), s => Assert.True(float.IsFinite(s)));
        // What has no probability comes only after all that has some, by its noise.
        Assert.Equal([1, 1, 0, 0, 0, 0, 1, 1], StructureSplit.ByScore(labels_BL, scores_BL, 1).ToArray<long>());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(4)]
    public void ClusterMean_AverageAndScatter_AreInversesUpToProjection(int stage)
    {
        using var scope = new TensorScope();
        int clusterCount = LatentGrid.ClusterCount(stage), size = 16 / clusterCount;
        using var clusters = new ClusterMean(Tiny.Structure(new LatentGrid(4, 4), 2, stage + 1).Select(1, stage), clusterCount);
        Tensor values_BNC = Points(2, clusterCount), values_BLC = Points(2, 16);
        Near(values_BNC, clusters.Average(clusters.Scatter(values_BNC)));
        Tensor projected = clusters.Scatter(clusters.Average(values_BLC));
        Near(projected, clusters.Scatter(clusters.Average(projected)));
        // ⟨Average x, y⟩ · size = ⟨x, Scatter y⟩: the two are adjoint up to the size.
        Assert.Equal((clusters.Average(values_BLC) * values_BNC).Sum().Item() * size, (
            values_BLC * clusters.Scatter(values_BNC)).Sum().Item(), 1e-3);
    }

    [Fact]
    [Trait(TorchDoors.Trait, TorchDoors.Compiled)]
    public void ClusterMean_Gradient_IsScatterOverSize()
    {
        using var scope = new TensorScope();
        using var clusters = new ClusterMean(Tiny.Structure(new LatentGrid(4, 4), 2, 3).Select(1, 2), 4);
        Tensor values_BLC = Points(2, 16), weights_BNC = Points(2, 4);
        values_BLC.RequiresGrad = true;
        Tensor gradient = Autograd.Gradients((clusters.Average(values_BLC) * weights_BNC).Sum(), [values_BLC])[0]!;
        Near(clusters.Scatter(weights_BNC) / 4, gradient);
        weights_BNC.RequiresGrad = true;
        Tensor back = Autograd.Gradients((clusters.Scatter(weights_BNC) * values_BLC.Detach()).Sum(), [weights_BNC])[0]!;
        Near(clusters.Average(values_BLC.Detach()) * 4.0, back);
    }

    [Theory]
    [InlineData(0, 4)]
    [InlineData(3, 4)]
    [InlineData(-4, -4)]
    public void LatentGrid_NoPowerOfTwo_Throws(int height, int width) =>
        Assert.Throws<ArgumentException>(() => new LatentGrid(height, width));

    private static Tensor Points(int count, int length)
    {
        using var random = new RandomGenerator((ulong)(count * 1000 + length));
        return Tensor.Randn([count, length, 5], random);
    }

    private static long[] Map(Tensor structure_BSL, int image, int stage)
    {
        using var scope = new TensorScope();
        return structure_BSL.Select(0, image).Select(0, stage).ToArray<long>();
    }

    private static void Near(Tensor expected, Tensor actual) =>
        Assert.Equal(expected.ToArray<float>(), actual.ToArray<float>(), (a, b) => Math.Abs(a - b) < 1e-5);

    // The upper half by score gets bit 1; of equal scores the lower position is ahead.
    private static long[] ExpectedChildren(long[] labels, float[] scores, int clusters)
    {
        long[] children = new long[labels.Length];
        for (int b = 0; b < labels.Length / 64; b++)
        {
            foreach (IGrouping<long, int> cluster in Enumerable.Range(b * 64, 64).GroupBy(p => labels[p]))
            {
                int[] ranked = [.. cluster.OrderByDescending(p => scores[p]).ThenBy(p => p)];
                for (int r = 0; r < ranked.Length; r++)
                    children[ranked[r]] = 2 * cluster.Key + (r < 64 / clusters / 2 ? 1 : 0);
            }
        }

        return children;
    }
}
