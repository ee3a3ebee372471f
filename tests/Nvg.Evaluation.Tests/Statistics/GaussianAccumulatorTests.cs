using Nvg.Evaluation.Statistics;
using Nvg.Torch;

namespace Nvg.Evaluation.Tests.Statistics;

[Collection(RunsAlone.Name), NoTensorLeaks]
public class GaussianAccumulatorTests
{
    private const int Count = 2500, Size = 5;

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(64)]
    [InlineData(1024)]
    [InlineData(2500)]
    public void ToStatistics_AnyBatchSize_EqualsDefinition(int batch)
    {
        // A mean far from zero, where a sum of squares would lose digits.
        using Tensor features = Features(1e4);
        using var accumulator = new GaussianAccumulator(Size);
        for (int start = 0; start < Count; start += batch)
        {
            using Tensor part = features.Narrow(0, start, Math.Min(batch, Count - start));
            accumulator.Add(part);
        }

        using GaussianStatistics statistics = accumulator.ToStatistics();
        Assert.Equal(Count, statistics.Count);
        AssertDefinition(features.ToArray<double>(), statistics);
    }

    [Theory]
    [InlineData(1, 2, 2497)]
    [InlineData(1200, 1100, 200)]
    [InlineData(0, 2500, 0)]
    public void Merge_PartsInAnotherOrder_EqualsDefinition(int first, int second, int third)
    {
        using Tensor features = Features(100);
        GaussianAccumulator[] parts = [.. new[] { first, second, third }.Select(_ => new GaussianAccumulator(Size))];
        int start = 0;
        foreach ((GaussianAccumulator part, int length) in parts.Zip([first, second, third]))
        {
            using Tensor rows = features.Narrow(0, start, length);
            part.Add(rows);
            start += length;
        }

        parts[2].Merge(parts[0]);
        parts[2].Merge(parts[1]);
        using GaussianStatistics statistics = parts[2].ToStatistics();
        AssertDefinition(features.ToArray<double>(), statistics);
        Array.ForEach(parts, p => p.Dispose());
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.NegativeInfinity)]
    public void Add_NotFinite_NamesTheImage(double bad)
    {
        using var accumulator = new GaussianAccumulator(2);
        using Tensor good = Tensor.From([1.0, 2, 3, 4], 2, 2), broken = Tensor.From([1.0, 2, 3, bad], 2, 2);
        accumulator.Add(good);
        Assert.Contains(
            "image 3 are not finite", Assert.Throws<NvgDataException>(() => accumulator.Add(broken)).Message, StringComparison.Ordinal);
        Assert.Equal(2, accumulator.Count);
    }

    [Fact]
    public void ToStatistics_OneVector_IsRefused()
    {
        using var accumulator = new GaussianAccumulator(2);
        using Tensor one = Tensor.From([1.0, 2], 1, 2);
        accumulator.Add(one);
        Assert.Contains("at least 2", Assert.Throws<NvgDataException>(accumulator.ToStatistics).Message, StringComparison.Ordinal);
    }

    private static void AssertDefinition(double[] values, GaussianStatistics statistics)
    {
        double[] mean = statistics.Mean_F.ToArray<double>(), covariance = statistics.Covariance_FF.ToArray<double>();
        double[] exact = [.. Enumerable.Range(0, Size).Select(f => Enumerable.Range(0, Count).Average(n => values[n * Size + f]))];
        for (int i = 0; i < Size; i++)
        {
            Assert.Equal(exact[i], mean[i], 1e-12 * Math.Abs(exact[i]));
            for (int j = 0; j < Size; j++)
            {
                double expected = Enumerable.Range(0, Count).Sum(
                    n => (values[n * Size + i] - exact[i]) * (values[n * Size + j] - exact[j])) / (Count - 1);
                Assert.Equal(expected, covariance[i * Size + j], 1e-9);
            }
        }
    }

    private static Tensor Features(double mean)
    {
        using var generator = new RandomGenerator(8);
        using var scope = new TensorScope();
        Tensor noise = Tensor.Randn([Count, Size], generator, ScalarType.Float64);
        return scope.Keep(noise.Matmul(Tensor.Randn([Size, Size], generator, ScalarType.Float64)) + mean);
    }
}
