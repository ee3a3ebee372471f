using Nvg.Evaluation.Statistics;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;

namespace Nvg.Evaluation.Tests.Statistics;

[Collection(RunsAlone.Name), NoTensorLeaks]
public class ManifoldOverlapTests
{
    [Theory, MemberData(nameof(ReferenceFixtures.Sets), MemberType = typeof(ReferenceFixtures))]
    public void Of_ReferenceFeatures_GivesReferenceValues(string set)
    {
        using SafetensorsFile reference = SafetensorsFile.Open(ReferenceFixtures.Path("metrics.safetensors", set));
        ManifoldOverlap overlap = ManifoldOverlap.Of(reference["feats_a"], reference["feats_b"]);
        Assert.Equal(reference["precision"].Item(), overlap.Precision, 1e-6);
        Assert.Equal(reference["recall"].Item(), overlap.Recall, 1e-6);
    }

    [Theory]
    [InlineData(30, 25, 4)]
    [InlineData(12, 40, 2)]
    [InlineData(2500, 700, 3)]
    public void Of_RandomPoints_EqualsDefinition(int referenceCount, int sampleCount, int size)
    {
        float[][] reference = Points(referenceCount, size, 1, 0), samples = Points(sampleCount, size, 2, 0.4f);
        using Tensor a = ToTensor(reference), b = ToTensor(samples);
        ManifoldOverlap expected = Definition(reference, samples), overlap = ManifoldOverlap.Of(a, b);
        // One point more or less where a distance lies at a radius to float32's rounding.
        Assert.Equal(expected.Precision, overlap.Precision, 1.01 / sampleCount);
        Assert.Equal(expected.Recall, overlap.Recall, 1.01 / referenceCount);
        Assert.Equal(expected.Coverage, overlap.Coverage, 1.01 / referenceCount);
        Assert.Equal(expected.Density, overlap.Density, 2e-3);
    }

    [Theory]
    [InlineData(7, 5)]
    [InlineData(1, 1)]
    [InlineData(32, 3)]
    [InlineData(3, 100)]
    public void Of_AnyTiles_EqualsDefinition(int rows, int columns)
    {
        // Small integers, and a mean over 32: every distance is exact, and many lie at a radius.
        float[][] reference = Whole(32, 1), samples = Whole(23, 2);
        using Tensor a = ToTensor(reference), b = ToTensor(samples);
        ManifoldOverlap expected = Definition(reference, samples);
        Assert.Equal(expected, ManifoldOverlap.Of(a, b, new TileSize(rows, columns), CancellationToken.None));
        Assert.True(expected is { Precision: > 0 and < 1, Recall: > 0 and < 1, Coverage: > 0 and < 1 });
    }

    [Fact]
    public void Of_SameSet_CoversItself()
    {
        using Tensor points = ToTensor(Points(50, 6, 3, 0));
        ManifoldOverlap overlap = ManifoldOverlap.Of(points, points);
        Assert.Equal((1, 1, 1), (overlap.Precision, overlap.Recall, overlap.Coverage));
        // Every ball holds its centre and the k neighbours it reaches to.
        Assert.Equal((ManifoldOverlap.DensityNeighbours + 1.0) / ManifoldOverlap.DensityNeighbours, overlap.Density, 1e-9);
    }

    [Fact]
    public void Of_DuplicatesFarFromTheOrigin_CountAsEqual()
    {
        // Balls of radius zero: only exact equality is inside, and rounding must not hide it.
        float[][] one = Points(3, 64, 4, 300);
        using Tensor points = ToTensor([.. Enumerable.Repeat(one, 8).SelectMany(p => p)]);
        ManifoldOverlap overlap = ManifoldOverlap.Of(points, points);
        Assert.Equal((1, 1, 1), (overlap.Precision, overlap.Recall, overlap.Coverage));
    }

    [Fact]
    public void Of_SetsFarApart_IsZero()
    {
        using Tensor a = ToTensor(Points(20, 3, 1, 0)), b = ToTensor(Points(20, 3, 2, 100));
        Assert.Equal(default, ManifoldOverlap.Of(a, b));
    }

    [Fact]
    public void Of_ExchangedSets_ExchangesPrecisionAndRecall()
    {
        using Tensor a = ToTensor(Points(40, 3, 1, 0)), b = ToTensor(Points(60, 3, 2, 1));
        ManifoldOverlap forth = ManifoldOverlap.Of(a, b), back = ManifoldOverlap.Of(b, a);
        Assert.Equal((forth.Precision, forth.Recall), (back.Recall, back.Precision));
    }

    [Fact]
    public void Of_TooFewOrBroken_IsRefused()
    {
        using Tensor few = ToTensor(Points(5, 3, 1, 0)), many = ToTensor(Points(9, 3, 1, 0)), broken = ToTensor(
            [.. Points(8, 3, 1, 0), [1, float.NaN, 2]]);
        Assert.Contains("too few", Assert.Throws<NvgDataException>(() => ManifoldOverlap.Of(many, few)).Message, StringComparison.Ordinal);
        Assert.Contains(
            "image 8", Assert.Throws<NvgDataException>(() => ManifoldOverlap.Of(many, broken)).Message, StringComparison.Ordinal);
    }

    private static ManifoldOverlap Definition(float[][] reference, float[][] samples)
    {
        const int near = ManifoldOverlap.PrecisionNeighbours, far = ManifoldOverlap.DensityNeighbours;
        double[] nearR = Radii(reference, near), farR = Radii(reference, far), nearS = Radii(samples, near);
        int memberships = reference.Index().Sum(r => samples.Count(s => Distance(s, r.Item) <= farR[r.Index]));
        return new ManifoldOverlap(
            samples.Count(s => reference.Index().Any(r => Distance(s, r.Item) <= nearR[r.Index])) / (double)samples.Length,
            reference.Count(r => samples.Index().Any(s => Distance(s.Item, r) <= nearS[s.Index])) / (double)reference.Length,
            memberships / (double)(far * samples.Length),
            reference.Index().Count(r => samples.Any(s => Distance(s, r.Item) <= farR[r.Index])) / (double)reference.Length);
    }

    private static double[] Radii(float[][] points, int neighbours) =>
        Array.ConvertAll(points, p => points.Select(q => Distance(p, q)).Order().ElementAt(neighbours));

    private static double Distance(float[] a, float[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        return sum;
    }

    private static float[][] Points(int count, int size, int seed, float shift)
    {
        var random = new Random(seed);
        return [
            .. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, size).Select(_ => random.NextSingle() * 2 + shift).ToArray())];
    }

    private static float[][] Whole(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(
            _ => Enumerable.Range(0, 3).Select(_ => (float)random.Next(6 * seed - 6, 6 * seed + 6)).ToArray())];
    }

    private static Tensor ToTensor(float[][] points) => Tensor.From([.. points.SelectMany(p => p)], points.Length, points[0].Length);
}
