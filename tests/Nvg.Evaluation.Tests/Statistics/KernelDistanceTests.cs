using Nvg.Evaluation.Statistics;
using Nvg.Torch;

namespace Nvg.Evaluation.Tests.Statistics;

[Collection(RunsAlone.Name), NoTensorLeaks]
public class KernelDistanceTests
{
    private const int Size = 4;

    [Fact]
    public void Between_WholeSets_EqualsDefinition()
    {
        using Tensor a = Random(9, 1, 0), b = Random(9, 2, 0.5);
        double[][] x = Rows(a), y = Rows(b);
        double expected = (Pairs(x, x, true) + Pairs(y, y, true)) / (9 * 8) - 2 * Pairs(x, y, false) / 81;
        // All subsets are the whole sets: one is enough.
        KernelDistance distance = KernelDistance.Between(a, b, subsets: 3);
        Assert.Equal(expected, distance.Mean, 1e-11);
        Assert.Equal((1, 0), (distance.Subsets, distance.StandardDeviation));
        Assert.Equal(9, distance.SubsetSize);
    }

    [Fact]
    public void Between_SameDistribution_IsZeroWithinItsSpread()
    {
        using Tensor a = Random(400, 1, 0), b = Random(400, 2, 0), far = Random(400, 3, 1);
        KernelDistance alike = KernelDistance.Between(a, b, 40, 100), apart = KernelDistance.Between(a, far, 40, 100);
        Assert.True(Math.Abs(alike.Mean) < 2 * alike.StandardDeviation);
        Assert.True(apart.Mean > 5 * apart.StandardDeviation);
    }

    [Theory]
    [InlineData(0, 20, "subsets")]
    [InlineData(5, 1, "subsetSize")]
    public void Between_NothingToAverage_IsRefusedByName(int subsets, int subsetSize, string name)
    {
        using Tensor a = Random(50, 1, 0), b = Random(40, 2, 0);
        Assert.Equal(
            name, Assert.Throws<ArgumentOutOfRangeException>(() => KernelDistance.Between(a, b, subsets, subsetSize)).ParamName);
    }

    [Fact]
    public void Between_SameSeed_IsTheSame()
    {
        using Tensor a = Random(50, 1, 0), b = Random(40, 2, 0);
        Assert.Equal(KernelDistance.Between(a, b, 5, 20, seed: 3), KernelDistance.Between(a, b, 5, 20, seed: 3));
        Assert.NotEqual(KernelDistance.Between(a, b, 5, 20, seed: 3).Mean, KernelDistance.Between(a, b, 5, 20, seed: 4).Mean);
    }

    private static double Pairs(double[][] x, double[][] y, bool withoutSelf) => x.Index().Sum(a => y.Index().Sum(b =>
        withoutSelf && a.Index == b.Index ? 0 : Math.Pow(a.Item.Zip(b.Item, (u, v) => u * v).Sum() / Size + 1, 3)));

    private static double[][] Rows(Tensor values) => [.. values.ToArray<double>().Chunk(Size)];

    private static Tensor Random(int count, ulong seed, double mean)
    {
        using var generator = new RandomGenerator(seed);
        using Tensor noise = Tensor.Randn([count, Size], generator, ScalarType.Float64);
        return noise + mean;
    }
}
