using Nvg.Evaluation.Statistics;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;

namespace Nvg.Evaluation.Tests.Statistics;

[Collection(RunsAlone.Name), NoTensorLeaks]
public class FrechetDistanceTests
{
    [Theory, MemberData(nameof(ReferenceFixtures.Sets), MemberType = typeof(ReferenceFixtures))]
    public void Between_ReferenceFeatures_GivesReferenceValue(string set)
    {
        using SafetensorsFile reference = SafetensorsFile.Open(ReferenceFixtures.Path("metrics.safetensors", set));
        FrechetDistance distance = Distance(reference["feats_a"], reference["feats_b"]);
        double expected = double.Parse(reference.Metadata["fid_value"]);
        Assert.Equal(expected, distance.Value, 1e-7 * expected);
        Assert.Equal(reference["fid_mean_term"].Item(), distance.MeanTerm, 1e-5);
    }

    [Theory]
    [InlineData(40, 8)]
    [InlineData(5, 8)]
    [InlineData(2, 30)]
    public void Between_SameFeatures_IsZero(int count, int size)
    {
        using Tensor features = Random(count, size, 1);
        using GaussianStatistics statistics = GaussianStatistics.Of(features);
        double scale = Enumerable.Range(0, size).Sum(i => statistics.Covariance_FF.ToArray<double>()[i * size + i]);
        Assert.True(Math.Abs(FrechetDistance.Between(statistics, statistics).Value) < 1e-12 * scale);
    }

    [Fact]
    public void Between_DiagonalCovariances_IsClosedForm()
    {
        double[] meanA = [1, 2, 3], meanB = [0, 2, 5], varianceA = [4, 9, 0], varianceB = [1, 16, 2];
        using GaussianStatistics a = Diagonal(meanA, varianceA), b = Diagonal(meanB, varianceB);
        double expected = Enumerable.Range(0, 3).Sum(
            i => Math.Pow(meanA[i] - meanB[i], 2) + Math.Pow(Math.Sqrt(varianceA[i]) - Math.Sqrt(varianceB[i]), 2));
        Assert.Equal(expected, FrechetDistance.Between(a, b).Value, 1e-12);
        Assert.Equal(5, FrechetDistance.Between(a, b).MeanTerm, 1e-12);
    }

    [Theory]
    [InlineData(3.0)]
    [InlineData(0.25)]
    public void Between_ScaledFeatures_IsSquaredDifferenceOfScales(double factor)
    {
        // Covariances that commute: tr Σ (1 − c)², here beside the mean's (1 − c)² ‖μ‖².
        using Tensor features = Random(50, 6, 2);
        using Tensor scaled = features * factor;
        using GaussianStatistics a = GaussianStatistics.Of(features), b = GaussianStatistics.Of(scaled);
        double trace = Enumerable.Range(0, 6).Sum(i => a.Covariance_FF.ToArray<double>()[i * 7]);
        double mean = a.Mean_F.ToArray<double>().Sum(m => m * m);
        Assert.Equal((trace + mean) * (1 - factor) * (1 - factor), FrechetDistance.Between(a, b).Value, 1e-10);
    }

    [Fact]
    public void Between_ExchangedAndRotated_IsTheSame()
    {
        using var scope = new TensorScope();
        Tensor a = Random(60, 7, 3), b = Random(9, 7, 4) * 2;
        Tensor rotation = new Operator("aten::linalg_qr").CallMany(2, Random(7, 7, 5), "reduced")[0]!;
        double distance = Distance(a, b).Value;
        Assert.Equal(distance, Distance(b, a).Value, 1e-11 * distance);
        // The rotation is exact to float64's rounding, its product with vectors as well.
        Assert.Equal(distance, Distance(a.Matmul(rotation), b.Matmul(rotation)).Value, 1e-11 * distance);
    }

    [Fact]
    public void Between_FewerVectorsThanNumbers_KeepsThePartTheyShare()
    {
        // Two vectors in 30 dimensions: Σ has rank one, variance s² along one direction; so closed form (s₁ − s₂)².
        double[] direction = [.. Enumerable.Range(0, 30).Select(i => Math.Sin(i + 1))];
        using Tensor a = Tensor.From([.. direction, .. direction.Select(d => -d)], 2, 30);
        using Tensor b = Tensor.From([.. direction.Select(d => 3 * d), .. direction.Select(d => -3 * d)], 2, 30);
        double square = direction.Sum(d => d * d);
        Assert.Equal(2 * square * 4, Distance(a, b).Value, 1e-9);
    }

    [Fact]
    public void Between_DifferentSizes_IsRefused()
    {
        using Tensor a = Random(5, 3, 1), b = Random(5, 4, 1);
        Assert.Contains("3 and 4", Assert.Throws<NvgDataException>(() => Distance(a, b)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1, 0, 0, 2, "negative variance, -1")]
    [InlineData(1, 0.5, 0, 1, "not symmetric")]
    public void Constructor_MatrixThatIsNoCovariance_IsRefused(double a, double b, double c, double d, string reason)
    {
        using Tensor mean_F = Tensor.From([0.0, 0], 2), covariance_FF = Tensor.From([a, b, c, d], 2, 2);
        Assert.Contains(reason, Assert.Throws<NvgDataException>(
            () => new GaussianStatistics(mean_F, covariance_FF, null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Between_DirectionOfNegativeVariance_IsRefused()
    {
        // Eigenvalues 3 and -1 under a diagonal of ones.
        using var indefinite = new GaussianStatistics(Tensor.From([0.0, 0], 2), Tensor.From([1.0, 2, 2, 1], 2, 2), null);
        Assert.Contains("direction of negative variance, -1", Assert.Throws<NvgDataException>(
            () => FrechetDistance.Between(indefinite, indefinite)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Between_RoundingOfSinglePrecision_IsAllowed()
    {
        // Twenty vectors in sixty dimensions, stored in single precision: forty eigenvalues are rounding of either sign.
        using Tensor features = Random(20, 60, 7);
        using GaussianStatistics exact = GaussianStatistics.Of(features);
        using Tensor single = exact.Covariance_FF.To(ScalarType.Float32), rounded = single.To(ScalarType.Float64);
        using var stored = new GaussianStatistics(exact.Mean_F.Clone(), rounded.Clone(), null);
        Assert.Equal(0, FrechetDistance.Between(exact, stored).Value, 1e-4);
    }

    [Fact]
    public void Between_Cancelled_Stops()
    {
        using GaussianStatistics statistics = Diagonal([0], [1]);
        Assert.Throws<OperationCanceledException>(() => FrechetDistance.Between(statistics, statistics, new CancellationToken(true)));
    }

    private static FrechetDistance Distance(Tensor a, Tensor b)
    {
        using GaussianStatistics first = GaussianStatistics.Of(a), second = GaussianStatistics.Of(b);
        return FrechetDistance.Between(first, second);
    }

    private static GaussianStatistics Diagonal(double[] mean, double[] variance)
    {
        double[] covariance = new double[mean.Length * mean.Length];
        for (int i = 0; i < mean.Length; i++)
            covariance[i * (mean.Length + 1)] = variance[i];
        return new GaussianStatistics(Tensor.From(mean, mean.Length), Tensor.From(covariance, mean.Length, mean.Length), null);
    }

    private static Tensor Random(int count, int size, ulong seed)
    {
        using var generator = new RandomGenerator(seed);
        return Tensor.Randn([count, size], generator, ScalarType.Float64);
    }
}
