using Nvg.Conditioning;
using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Sampling;
using Nvg.Sampling.Schedules;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tests.Sampling;

[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public sealed class NvgSamplerTests : IClassFixture<NvgSamplerTests.Models>
{
    private static readonly SamplingOptions Fast = new() { StructureSteps = 3 };

    private readonly Models _models;

    public NvgSamplerTests(Models models) => _models = models;

    [Fact]
    public void Sample_Image_DependsOnItsSeedAlone()
    {
        int[] classes = [0, 1, 2, 1];
        ulong[] seeds = [11, 12, 13, 14];
        foreach (SamplingOptions options in new[] { Fast, Fast with { Gumbel = true, Temperature = 2, TopK = 9 } })
        {
            long[][] together = Sample(classes, seeds, options);
            long[][] shuffled = Sample([2, 1, 1, 0], [13, 14, 12, 11], options);
            Assert.Equal([together[2], together[3], together[1], together[0]], shuffled);
            for (int b = 0; b < 4; b++)
                Assert.Equal(together[b], Assert.Single(Sample([classes[b]], [seeds[b]], options)));
            Assert.Equal(4, together.Select(t => string.Join(' ', t)).Distinct().Count());
        }
    }

    [Fact]
    public void Sample_AnyNumberOfThreads_DrawsTheSame()
    {
        int before = TorchRuntime.ThreadCount;
        try
        {
            TorchRuntime.ThreadCount = 1;
            long[][] one = Sample([0, 1, 2], [5, 6, 7], Fast);
            TorchRuntime.ThreadCount = 2;
            Assert.Equal(one, Sample([0, 1, 2], [5, 6, 7], Fast));
        }
        finally
        {
            TorchRuntime.ThreadCount = before;
        }
    }

    [Theory]
    [InlineData(5, 5)]
    [InlineData(5, 0)]
    [InlineData(4, 2)]
    [InlineData(1, 1)]
    public void Sample_GivenStages_AreObeyedExactly(int structureStages, int contentStages)
    {
        var grid = new LatentGrid(4, 4);
        for (int trial = 0; trial < 5; trial++)
        {
            PartialSequence[] given = [.. Whole(grid, 2, trial).Select(whole => whole.Keep(structureStages, contentStages))];
            using ImageNoise noise = ImageNoise.FromSeeds([1, 2], grid, Device.Cpu);
            using SampledBatch sampled = _models.Sampler.Sample([0, 1], noise, Fast, given);
            PartialSequence[] results = PartialSequence.FromBatch(sampled.Sequence);
            Assert.All(given.Zip(results), pair => Assert.True(pair.First.SequenceEqual(pair.Second.Keep(structureStages, contentStages))));
            AssertHierarchy(sampled.Sequence);
            using Tensor canvases = _models.Tokenizer.Quantizer.Canvases(sampled.Sequence);
            using Tensor last = canvases.Select(1, 5);
            Assert.Equal(last.ToArray<float>(), sampled.Canvas_BLC.ToArray<float>(), (a, b) => Math.Abs(a - b) < 1e-4);
        }
    }

    [Fact]
    public void Sample_GivenStructure_ChangesNoTokenThatTheSameStructureWouldGive()
    {
        // What the loop generates by itself, given to it as structure, must give the same content.
        long[][] free = Sample([0, 1], [1, 2], Fast);
        PartialSequence Structure(long[] row) =>
            PartialSequence.FromStructure(new LatentGrid(4, 4), Array.ConvertAll(row[..80], label => (int)label));
        PartialSequence[] structure = Array.ConvertAll(free, Structure);
        Assert.Equal(free, Sample([0, 1], [1, 2], Fast, structure));
    }

    [Fact]
    public void Sample_GivenSequencesOfOtherNumberGridOrCodebook_AreRefused()
    {
        var grid = new LatentGrid(4, 4);
        PartialSequence whole = Whole(grid, 1, 1)[0];
        AssertGivenRefused("2 sequences were given for 1 images", [whole, whole]);
        AssertGivenRefused("positions", [PartialSequence.Empty(new LatentGrid(2, 8))]);
        int[] none = new int[80];
        Array.Fill(none, PartialSequence.Unknown);
        AssertGivenRefused("stage 0, position 0: token 16", [new PartialSequence(grid, none, [16, .. none[1..]])]);
    }

    [Fact]
    public void Sample_InvalidRequest_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => Sample([4], [1], Fast));
        Assert.Throws<ArgumentException>(() => Sample([-1], [1], Fast));
        Assert.Throws<ArgumentException>(() => Sample([0], [1, 2], Fast));
        Assert.Throws<ArgumentException>(() => Sample([0], [1], Fast with { Temperature = 0 }));
        Assert.Throws<ArgumentException>(() => Sample([0], [1], Fast with { TopP = StageSchedule.Constant(0) }));
        Assert.Throws<ArgumentException>(() => Sample([0], [1], Fast with { TopK = -1 }));
        Assert.Throws<ArgumentException>(() => Sample([0], [1], Fast with { StructureSteps = 0 }));
        Assert.Throws<ArgumentException>(() => Sample([0], [1], Fast with { ContentGuidance = StageSchedule.Constant(double.NaN) }));
        var error = Assert.Throws<ArgumentException>(() => Sample([0], [1], Fast with { TopP = StageSchedule.PerStage([1, 1]) }));
        Assert.Contains("2 values were given for 5 stages", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sample_Cancelled_StopsWithinTheStage()
    {
        using var before = new CancellationTokenSource();
        before.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => Sample([0], [1], Fast, cancellation: before.Token));
        using var during = new CancellationTokenSource();
        int last = -1;
        Assert.ThrowsAny<OperationCanceledException>(() => Sample([0], [1], Fast, observer: stage =>
        {
            last = stage.Stage;
            if (stage.Stage == 2)
                during.Cancel();
        }, cancellation: during.Token));
        Assert.Equal(2, last);
        Assert.Throws<InvalidTimeZoneException>(() => Sample([0], [1], Fast, observer: _ => throw new InvalidTimeZoneException()));
    }

    [Fact]
    public void Sample_TopKOfOne_IsArgMaxWhateverTheTemperature()
    {
        void Observe(StageResult stage)
        {
            using Tensor best = stage.Logits_RNV!.ArgMax(-1);
            Assert.Equal(best.ToArray<long>(), stage.Tokens_BN.ToArray<long>());
        }

        long[][] cold = Sample([0, 1], [1, 2], Fast with { TopK = 1, Temperature = 0.01 }, observer: Observe);
        Assert.Equal(cold, Sample([0, 1], [1, 2], Fast with { TopK = 1, Temperature = 100 }));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    [InlineData(3.5)]
    public void Sample_Guidance_FollowsTheFormula(double guidance)
    {
        SamplingOptions options =
            Fast with { ContentGuidance = StageSchedule.Constant(guidance), StructureGuidance = StageSchedule.Constant(1) };
        Tensor canvas_BLC = Tensor.Zeros([2, 16, 4]);
        Sample([0, 1], [1, 2], options, observer: stage =>
        {
            using var scope = new TensorScope();
            using var clusters = new ClusterMean(stage.Labels_BL, 1 << stage.Stage);
            ContentGenerator generator = _models.Generator.Content;
            Tensor structure = StructureEmbedding.Embed(stage.Labels_BL, stage.Stage, 4), number = Tensor.Full(
                [2], stage.Stage, ScalarType.Int64);
            Tensor LogitsOf(long[] classes) =>
                generator.Logits(
                    generator.PredictFinalCanvas(canvas_BLC, structure, number, Tensor.From(classes, 2)), canvas_BLC, clusters);
            Tensor conditional = LogitsOf([0, 1]), unconditional = LogitsOf([3, 3]);
            Tensor expected = unconditional + (conditional - unconditional) * guidance;
            Assert.Equal(expected.ToArray<float>(), stage.Logits_RNV!.ToArray<float>(), (a, b) => Math.Abs(a - b) < 1e-3);
            Assert.Equal(guidance == 1 ? 2 : 4, stage.Predicted_NLC!.Size(0));
            canvas_BLC.Dispose();
            canvas_BLC = stage.Canvas_BLC.Alias().Own();
        });
        canvas_BLC.Dispose();
    }

    [Fact]
    public void Sample_NullClass_GuidanceChangesNothing()
    {
        SamplingOptions plain = Fast with { ContentGuidance = StageSchedule.Constant(1), StructureGuidance = StageSchedule.Constant(1) };
        SamplingOptions guided = Fast with { ContentGuidance = StageSchedule.Constant(3), StructureGuidance = StageSchedule.Constant(3) };
        Assert.Equal(Sample([3, 3], [1, 2], plain), Sample([3, 3], [1, 2], guided));
    }

    [Fact]
    public void Sample_GumbelSplits_LeaveTheTokensDrawsAlone()
    {
        PartialSequence[] given = [.. Whole(new LatentGrid(4, 4), 2, 1).Select(whole => whole.Keep(5, 0))];
        Assert.Equal(Sample([0, 1], [1, 2], Fast, given), Sample([0, 1], [1, 2], Fast with { Gumbel = true }, given));
        Assert.NotEqual(Sample([0, 1], [1, 2], Fast), Sample([0, 1], [1, 2], Fast with { Gumbel = true }));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(8)]
    public void Sample_OtherGrids_GiveWholeHierarchies(int side)
    {
        var grid = new LatentGrid(side, side);
        using var generator = new NvgGenerator(Tiny.Generator(grid), ParameterSource.Random(2));
        using Tokenizer tokenizer = Tiny.Tokenizer(Tiny.TokenizerSizes with { ImageSize = 2 * side });
        using ImageNoise noise = ImageNoise.FromSeeds([1, 2], grid, Device.Cpu);
        using SampledBatch sampled = new NvgSampler(generator, tokenizer.Quantizer).Sample([0, 1], noise, Fast);
        AssertHierarchy(sampled.Sequence);
    }

    [Fact]
    public void Sample_ManyTimes_LeavesNoTensors()
    {
        Sample([0], [0], Fast);
        long before = Tensor.LiveCount;
        for (ulong seed = 0; seed < 50; seed++)
        {
            Sample([0, 3], [seed, seed + 1], Fast);
            Assert.Equal(before, Tensor.LiveCount);
        }
    }

    [Fact]
    public void ImageNoise_SeveralSeeds_AreDrawnOneByOne()
    {
        using var scope = new TensorScope();
        var grid = new LatentGrid(4, 4);
        using ImageNoise both = ImageNoise.FromSeeds([3, 4], grid, Device.Cpu), one = ImageNoise.FromSeeds([4], grid, Device.Cpu);
        Assert.Equal(both.Structure_BLK.Select(0, 1).ToArray<float>(), one.Structure_BLK.ToArray<float>());
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal([2, 1 << i], both.Tokens(i).Shape.ToArray());
            Assert.Equal(both.Tokens(i).Select(0, 1).ToArray<float>(), one.Tokens(i).ToArray<float>());
        }

        Assert.Equal(both.Gumbel(2).Select(0, 1).ToArray<float>(), one.Gumbel(2).ToArray<float>());
        Assert.Equal(31, Enumerable.Range(0, 5).SelectMany(i => one.Tokens(i).ToArray<float>()).Distinct().Count());
    }

    // Balanced and nested, which the constructor of partial sequences checks, and complete.
    private static void AssertHierarchy(GranularitySequence sequence) =>
        Assert.All(PartialSequence.FromBatch(sequence), image => Assert.True(image.IsComplete));

    private static PartialSequence[] Whole(LatentGrid grid, int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            long[][] maps = Tiny.Hierarchy(grid, random);
            int[] labels = [.. maps.SelectMany(map => map).Select(label => (int)label)];
            int[][] codes = [.. Enumerable.Range(0, grid.StageCount)
                .Select(i => Enumerable.Range(0, 1 << i).Select(_ => random.Next(16)).ToArray())];
            return new PartialSequence(grid, labels, [.. maps.SelectMany((map, i) => map.Select(label => codes[i][label]))]);
        })];
    }

    private void AssertGivenRefused(string words, PartialSequence[] given)
    {
        var error = Assert.Throws<ArgumentException>(() => Sample([0], [1], Fast, given));
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    // Labels and tokens of each image in one row.
    private long[][] Sample(
        int[] classes, ulong[] seeds, SamplingOptions options, PartialSequence[]? given = null, Action<StageResult>? observer = null,
        CancellationToken cancellation = default)
    {
        using ImageNoise noise = ImageNoise.FromSeeds(seeds, new LatentGrid(4, 4), Device.Cpu);
        using SampledBatch sampled = _models.Sampler.Sample(classes, noise, options, given, observer, cancellation: cancellation);
        long[] labels = sampled.Sequence.Structure_BSL.ToArray<long>();
        long[][] tokens = [.. sampled.Sequence.Content.Select(c => c.ToArray<long>())];
        return [.. classes.Select((_, b) =>
            (long[])[.. labels[(b * 80)..((b + 1) * 80)], .. tokens.SelectMany((t, i) => t[(b << i)..((b + 1) << i)])])];
    }

    /// <summary>Made before the tests count tensors.</summary>
    public sealed class Models : IDisposable
    {
        internal Tokenizer Tokenizer { get; } = Tiny.Tokenizer();

        internal NvgGenerator Generator { get; } = new(Tiny.GeneratorSizes, ParameterSource.Random(2));

        internal NvgSampler Sampler => new(Generator, Tokenizer.Quantizer);

        public void Dispose()
        {
            Tokenizer.Dispose();
            Generator.Dispose();
        }
    }
}
