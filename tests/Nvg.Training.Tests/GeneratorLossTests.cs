using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Optimization;
using Nvg.Training.Tasks.Generators;

namespace Nvg.Training.Tests;

[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class GeneratorLossTests
{
    private const int Images = 2, Stages = 5, StructureStages = 3;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Compute_AllContentSubsets_AverageToTheFullLoss(int size) => AssertUnbiased(size, Stages, (batch, subset) =>
        batch with { ContentSubset = subset, ContentShare = (double)size / Stages });

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Compute_AllStructureSubsets_AverageToTheFullLoss(int size) => AssertUnbiased(size, StructureStages, (batch, subset) =>
        batch with { StructureSubset = subset, StructureShare = (double)size / StructureStages });

    [Fact]
    public void Compute_Terms_AddUpToTheLoss()
    {
        using var scope = new TensorScope();
        using var generator = new NvgGenerator(Tiny.GeneratorSizes, ParameterSource.Random(2));
        using GeneratorBatch batch = Batch();
        using var log = new LossLog();
        double loss = new GeneratorLoss(generator).Compute(batch, log).Item();
        Dictionary<string, double> terms = log.TakeMeans().ToDictionary();
        double expected = (Enumerable.Range(0, 5).Sum(
            i => terms[$"final_{i}"] + terms[$"ce_{i}"]) + Enumerable.Range(0, 3).Sum(i => terms[$"structure_{i}"]) * 5 / 3) / 5;
        Assert.Equal(expected, loss, 1e-4);
        Assert.Equal(18, terms.Count);
    }

    [Fact]
    public void Compute_ImagesOfABatch_AverageToItsLoss()
    {
        using var scope = new TensorScope();
        using var generator = new NvgGenerator(Tiny.GeneratorSizes, ParameterSource.Random(2));
        using GeneratorBatch batch = Batch();
        var loss = new GeneratorLoss(generator);
        double[] single = [.. Enumerable.Range(0, Images).Select(b => Item(loss, Only(batch, b)))];
        Assert.Equal(Item(loss, batch), single.Average(), 1e-4);
    }

    [Fact]
    public void Compute_Gradient_ReachesEveryParameter()
    {
        using var scope = new TensorScope();
        using var generator = new NvgGenerator(Tiny.GeneratorSizes, ParameterSource.Random(2));
        generator.Parameters.SetRequiresGrad(true);
        using GeneratorBatch batch = Batch();
        using var log = new LossLog();
        Tensor[] parameters = [.. generator.Parameters.TrainableNames.Select(n => generator.Parameters[n])];
        Tensor?[] gradients = Autograd.Gradients(new GeneratorLoss(generator).Compute(batch, log), parameters);
        string[] without = [.. generator.Parameters.TrainableNames.Where((_, i) => gradients[i] is not { } g || g.Abs().Sum().Item() == 0)];
        Assert.Empty(without);
    }

    [Fact]
    public void Compute_DropPath_ChangesTheLossBySeedAndIsOffWithoutOne()
    {
        using var scope = new TensorScope();
        // Drop rates rise from 0 to 0.1 · depth / 24 over the blocks, so the first block alone would never be left out.
        using var generator = new NvgGenerator(Tiny.GeneratorSizes with { Depth = 4 }, ParameterSource.Random(2));
        Perturb(generator.Parameters);
        using GeneratorBatch batch = Batch();
        var loss = new GeneratorLoss(generator);
        double without = Item(loss, batch);
        Assert.Equal(without, Item(loss, batch));
        double[] first = Losses(seed: 1), again = Losses(seed: 1), other = Losses(seed: 2);
        Assert.Equal(first, again);
        // A drop path that did nothing would give the loss without it in every draw.
        Assert.Contains(first, value => Math.Abs(value - without) > 1e-5);
        Assert.NotEqual(first, other);

        double[] Losses(ulong seed)
        {
            using var random = new RandomGenerator(seed);
            return [.. Enumerable.Range(0, 20).Select(_ => Item(loss, batch, random))];
        }
    }

    [Fact]
    public void Compute_CheckpointedBlocks_GivesTheSameLossAndGradients()
    {
        using var scope = new TensorScope();
        using var generator = new NvgGenerator(Tiny.GeneratorSizes, ParameterSource.Random(2));
        generator.Parameters.SetRequiresGrad(true);
        using GeneratorBatch batch = Batch();
        string[] names = [.. generator.Parameters.TrainableNames];
        // Drop path leaves out the same blocks in both passes of a checkpointed one.
        (double plain, float[][] expected) = Differentiate(new GeneratorLoss(generator));
        (double checkpointed, float[][] actual) = Differentiate(new GeneratorLoss(generator, checkpoints: true));
        Assert.Equal(plain, checkpointed);
        Assert.All(expected.Zip(actual).Zip(names), g => Assert.True(
            g.First.First.Zip(g.First.Second, (e, a) => Math.Abs(e - a)).Max() <= 1e-6 + 1e-5 * g.First.First.Max(Math.Abs), g.Second));

        (double Loss, float[][] Gradients) Differentiate(GeneratorLoss loss)
        {
            using var log = new LossLog();
            using var random = new RandomGenerator(3);
            Tensor value = loss.Compute(batch, log, random);
            value.Backward();
            return (value.Item(), Array.ConvertAll(names, n =>
            {
                float[] gradient = generator.Parameters[n].Grad!.ToArray<float>();
                generator.Parameters[n].Grad = null;
                return gradient;
            }));
        }
    }

    [Fact]
    public void LossLog_Codes_GiveUsageAndPerplexityOverAllSteps()
    {
        using var scope = new TensorScope();
        using var log = new LossLog();
        log.AddCodes(0, Tensor.From([0L, 1], 2), 8);
        log.AddCodes(0, Tensor.From([2L, 3, 3, 3], 2, 2), 8);
        log.AddCodes(1, Tensor.From([4L, 4], 2), 8);
        // Shares 1/6, 1/6, 1/6, 1/2 of eight codes.
        double entropy = 0.5 * Math.Log(6) + 0.5 * Math.Log(2);
        Dictionary<string, double> read = log.TakeMeans().ToDictionary();
        Assert.Equal(0.5, read["codebook_usage_0"]);
        Assert.Equal(Math.Exp(entropy), read["codebook_perplexity_0"], 1e-12);
        Assert.Equal((1 / 8.0, 1), (read["codebook_usage_1"], read["codebook_perplexity_1"]));
        // All stages together: 1, 1, 1, 3 and 2 of eight.
        double all = 3 / 8.0 * Math.Log(8) + 3 / 8.0 * Math.Log(8 / 3.0) + 2 / 8.0 * Math.Log(4);
        Assert.Equal(5 / 8.0, read["codebook_usage"]);
        Assert.Equal(Math.Exp(all), read["codebook_perplexity"], 1e-12);
        Assert.Empty(log.TakeMeans());
    }

    [Fact]
    public void LossLog_SeveralSteps_GivesMeansOnce()
    {
        using var scope = new TensorScope();
        using var log = new LossLog();
        log.Add("a", Tensor.Scalar(1));
        log.Add("b", Tensor.Scalar(10));
        log.Add("a", Tensor.Scalar(2));
        Assert.Equal([KeyValuePair.Create("a", 1.5), KeyValuePair.Create("b", 10.0)], log.TakeMeans());
        Assert.Empty(log.TakeMeans());
    }

    [Fact]
    public void LossLog_UnequalParts_AreWeightedByTheirExamples()
    {
        using var log = new LossLog();
        foreach ((double weight, double value) in new[] { (0.25, 8.0), (0.75, 4.0), (1.0, 7.0) })
        {
            log.Weight = weight;
            using Tensor term = Tensor.Scalar(value);
            log.Add("step", term);
            log.Add("stage", term, weight: value);
        }

        Dictionary<string, double> means = log.TakeMeans().ToDictionary();
        Assert.Equal(6, means["step"], 1e-6);
        Assert.Equal((0.25 * 64 + 0.75 * 16 + 49) / (0.25 * 8 + 0.75 * 4 + 7), means["stage"], 1e-6);
    }

    // Every choice of the given number of stages per image once, so that the average is the expectation itself.
    private static void AssertUnbiased(int size, int stageCount, Func<GeneratorBatch, IReadOnlyList<Tensor?>, GeneratorBatch> restrict)
    {
        using var scope = new TensorScope();
        using var generator = new NvgGenerator(Tiny.GeneratorSizes, ParameterSource.Random(2));
        using GeneratorBatch full = Batch();
        var loss = new GeneratorLoss(generator);
        int[] choices = [.. Enumerable.Range(0, 1 << stageCount).Where(c => int.PopCount(c) == size)];
        var losses = new List<double>();
        foreach (int first in choices)
        {
            foreach (int second in choices)
            {
                using var step = new TensorScope();
                Tensor?[] subset = [.. Enumerable.Range(0, stageCount).Select(stage =>
                {
                    long[] images = [.. new[] { first, second }.Index().Where(c => (c.Item >> stage & 1) == 1).Select(c => (long)c.Index)];
                    return Tensor.From(images, images.Length);
                })];
                losses.Add(Item(loss, restrict(full, subset)));
            }
        }

        Assert.Equal(Item(loss, full), losses.Average(), 2e-4);
        Assert.True(losses.Max() - losses.Min() > 1e-3);
    }

    private static double Item(GeneratorLoss loss, GeneratorBatch batch, RandomGenerator? dropPath = null)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var log = new LossLog();
        using Tensor value = loss.Compute(batch, log, dropPath);
        return value.Item();
    }

    // Blocks start as identities (their gates are zero), and leaving out an identity changes nothing.
    private static void Perturb(ParameterStore parameters)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var random = new RandomGenerator(9);
        foreach (string name in parameters.TrainableNames)
        {
            using Tensor noise = Tensor.Randn([.. parameters[name].Shape], random);
            parameters[name].AddInPlace(noise, 0.05);
        }
    }

    private static GeneratorBatch Batch()
    {
        using var scope = new TensorScope();
        using Tokenizer tokenizer = Tiny.Tokenizer();
        var grid = new LatentGrid(4, 4);
        using var sequence = new GranularitySequence(
            grid, Tiny.Structure(grid, Images, Stages), [.. Enumerable.Range(0, Stages).Select(i => Tiny.Tokens(i, Images, 16))]);
        using var random = new RandomGenerator(5);
        return GeneratorBatch.From(sequence, tokenizer.Quantizer, Tensor.From([1L, 3], Images), random);
    }

    private static GeneratorBatch Only(GeneratorBatch batch, int image) => new()
    {
        Canvases_BSLC = batch.Canvases_BSLC.Narrow(0, image, 1),
        Structure_BSL = batch.Structure_BSL.Narrow(0, image, 1),
        Content = [.. batch.Content.Select(c => c.Narrow(0, image, 1))],
        Class_B = batch.Class_B.Narrow(0, image, 1),
        Epsilon_BLK = batch.Epsilon_BLK.Narrow(0, image, 1),
        Time_BS = batch.Time_BS.Narrow(0, image, 1),
    };
}
