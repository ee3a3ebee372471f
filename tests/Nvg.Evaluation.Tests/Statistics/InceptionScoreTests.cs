using Nvg.Data.Datasets;
using Nvg.Evaluation.Statistics;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;

namespace Nvg.Evaluation.Tests.Statistics;

[Collection(RunsAlone.Name), NoTensorLeaks]
public class InceptionScoreTests
{
    [Theory, MemberData(nameof(ReferenceFixtures.Sets), MemberType = typeof(ReferenceFixtures))]
    public void ToScore_ReferenceProbabilities_GivesReferenceValue(string set)
    {
        using SafetensorsFile reference = SafetensorsFile.Open(ReferenceFixtures.Path("metrics.safetensors", set));
        Tensor probabilities = reference["probs"];
        using var score = new InceptionScoreAccumulator((int)probabilities.Size(1), (int)probabilities.Size(0));
        score.AddProbabilities(probabilities);
        double expected = reference["inception_score"].Item();
        Assert.Equal(expected, score.ToScore().Mean, 1e-5 * expected);
        Assert.Equal(1, score.ToScore().Splits);
    }

    [Fact]
    public void ToScore_CertainAndEven_IsNumberOfClasses()
    {
        // Zero probabilities on the way: 0 log 0 counts as 0.
        using var score = new InceptionScoreAccumulator(4);
        using Tensor classes = Tensor.From([0L, 1, 2, 3, 3, 2, 1, 0], 8);
        using Tensor certain = classes.OneHot(4);
        score.AddProbabilities(certain);
        Assert.Equal(4, score.ToScore().Mean, 1e-12);
    }

    [Fact]
    public void ToScore_AllAlike_IsOne()
    {
        using var score = new InceptionScoreAccumulator(3);
        using Tensor logits = Tensor.From([.. Enumerable.Repeat(new[] { 0.5f, -1, 2 }, 6).SelectMany(l => l)], 6, 3);
        score.AddLogits(logits);
        Assert.Equal(1, score.ToScore().Mean, 1e-12);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(17)]
    public void ToScore_AnyBatchSize_EqualsMeanOfSplits(int batch)
    {
        using var scope = new TensorScope();
        using var generator = new RandomGenerator(1);
        Tensor logits = Tensor.Randn([17, 5], generator, ScalarType.Float64);
        using var score = new InceptionScoreAccumulator(5, 6);
        for (int start = 0; start < 17; start += batch)
            score.AddLogits(logits.Narrow(0, start, Math.Min(batch, 17 - start)));
        double[] parts = [Whole(logits, 0, 6), Whole(logits, 6, 6), Whole(logits, 12, 5)];
        InceptionScore result = score.ToScore();
        Assert.Equal(3, result.Splits);
        Assert.Equal(parts.Average(), result.Mean, 1e-10);
        Assert.Equal(Math.Sqrt(parts.Average(p => Math.Pow(p - parts.Average(), 2))), result.StandardDeviation, 1e-10);
    }

    [Fact]
    public void ToScore_GivenOrder_IsThatOfImagesInThatOrder()
    {
        using var scope = new TensorScope();
        using var generator = new RandomGenerator(2);
        Tensor logits = Tensor.Randn([17, 5], generator, ScalarType.Float64);
        int[] order = [16, 3, 8, 1, 0, 2, 4, 15, 7, 5, 6, 9, 14, 10, 13, 11, 12];
        using InceptionScoreAccumulator ordered = new(5, 6, order), sorted = new(5, 6);
        for (int start = 0; start < 17; start += 4)
            ordered.AddLogits(logits.Narrow(0, start, Math.Min(4, 17 - start)));
        sorted.AddLogits(logits.IndexSelect(0, Tensor.From([.. order.Select(i => (long)i)], 17)));
        Assert.Equal(sorted.ToScore().Mean, ordered.ToScore().Mean, 1e-12);
        Assert.Equal(sorted.ToScore().StandardDeviation, ordered.ToScore().StandardDeviation, 1e-12);
        Assert.Throws<InvalidOperationException>(() => ordered.AddLogits(logits));
    }

    [Fact]
    public void ToScore_ClassesOneAfterTheOther_NeedsTheShuffledOrder()
    {
        using var scope = new TensorScope();
        Tensor certain = Tensor.From([.. Enumerable.Range(0, 400).Select(i => (long)(i / 100))], 400).OneHot(4);
        using InceptionScoreAccumulator asTheyCome = new(4, 100), shuffled = new(4, 100, EvenSample.Shuffled(400));
        asTheyCome.AddProbabilities(certain);
        shuffled.AddProbabilities(certain);
        Assert.Equal(1, asTheyCome.ToScore().Mean, 1e-12);
        Assert.InRange(shuffled.ToScore().Mean, 3.8, 4);
    }

    // The definition: exp of the mean of Σ p log (p / mean p).
    private static double Whole(Tensor logits, int start, int count)
    {
        double[][] p = [.. Enumerable.Range(start, count).Select(n =>
        {
            double[] e = [.. logits.ToArray<double>().Skip(n * 5).Take(5).Select(Math.Exp)];
            return Array.ConvertAll(e, v => v / e.Sum());
        })];
        double[] mean = [.. Enumerable.Range(0, 5).Select(c => p.Average(row => row[c]))];
        return Math.Exp(p.Average(row => Enumerable.Range(0, 5).Sum(c => row[c] * Math.Log(row[c] / mean[c]))));
    }
}
