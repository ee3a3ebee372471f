using Nvg.Conditioning;
using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Sampling;
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
        using var scope = new TensorScope();
        var grid = new LatentGrid(4, 4);
        for (int trial = 0; trial < 5; trial++)
        {
            Tensor structure_BML = Tiny.Structure(grid, 2, structureStages, trial);
            Tensor[] content = [.. Enumerable.Range(0, contentStages).Select(i => Tiny.Tokens(i, 2, 16, trial))];
            using ImageNoise noise = ImageNoise.FromSeeds([1, 2], grid, Device.Cpu);
            (GranularitySequence sequence, Tensor canvas_BLC) = _models.Sampler.Sample([0, 1], noise, Fast, new GivenStages { Structure_BML = structure_BML, Content = content });
            using (sequence)
            {
                Assert.Equal(structure_BML.ToArray<long>(), sequence.Structure_BSL.Narrow(1, 0, structureStages).ToArray<long>());
                Assert.All(content.Zip(sequence.Content), c => Assert.Equal(c.First.ToArray<long>(), c.Second.ToArray<long>()));
                AssertHierarchy(sequence);
                Assert.Equal(_models.Tokenizer.Quantizer.Canvases(sequence).Select(1, 5).ToArray<float>(), canvas_BLC.ToArray<float>(), (a, b) => Math.Abs(a - b) < 1e-4);
            }

            canvas_BLC.Dispose();
        }
    }

    [Fact]
    public void Sample_InvalidGivenStages_AreRefusedWithTheirStage()
    {
        using var scope = new TensorScope();
        var grid = new LatentGrid(4, 4);
        long[] labels = Tiny.Structure(grid, 1, 3).ToArray<long>();
        AssertRefused("stage 1", labels, l => l[16] ^= 1);
        AssertRefused("stage 2", labels, l => l[32] ^= 2);
        AssertRefused("stage 2", labels, l => l[32] = -1);
        AssertRefused("stage 0", labels, l => l[0] = 1);
        AssertRefused("stage 2", labels, l => l[40] = 4);
        Tensor structure_BML = Tensor.From(labels, 1, 3, 16);
        AssertGivenRefused("stage 1", new GivenStages { Structure_BML = structure_BML, Content = [Tiny.Tokens(0, 1, 16), Tiny.Tokens(2, 1, 16)] });
        AssertGivenRefused("content of 2 stages", new GivenStages { Content = [Tiny.Tokens(0, 1, 16), Tiny.Tokens(1, 1, 16)] });
        AssertGivenRefused("stage 0", new GivenStages { Content = [Tensor.From([16L], 1, 1)] });
        AssertGivenRefused("stage 0", new GivenStages { Content = [Tensor.From([-1L], 1, 1)] });
        AssertGivenRefused("stage 0", new GivenStages { Content = [Tensor.From([1f], 1, 1)] });
        AssertGivenRefused("structure", new GivenStages { Structure_BML = structure_BML.Narrow(2, 0, 8) });
        AssertGivenRefused("structure", new GivenStages { Structure_BML = structure_BML.Repeat(2, 1, 1) });
        AssertGivenRefused("structure", new GivenStages { Structure_BML = structure_BML.To(ScalarType.Float32) });
        AssertGivenRefused("structure", new GivenStages { Structure_BML = Tensor.Zeros([1, 6, 16], ScalarType.Int64) });
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
            using Tensor best = stage.Logits_BNV!.ArgMax(-1);
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
        SamplingOptions options = Fast with { ContentGuidance = StageSchedule.Constant(guidance), StructureGuidance = StageSchedule.Constant(1) };
        Tensor canvas_BLC = Tensor.Zeros([2, 16, 4]);
        Sample([0, 1], [1, 2], options, observer: stage =>
        {
            using var scope = new TensorScope();
            using var clusters = new ClusterMean(stage.Labels_BL, 1 << stage.Stage);
            ContentGenerator generator = _models.Generator.Content;
            Tensor structure = StructureEmbedding.Embed(stage.Labels_BL, stage.Stage, 4), number = Tensor.Full([2], stage.Stage, ScalarType.Int64);
            Tensor LogitsOf(long[] classes) =>
                generator.Logits(generator.PredictFinalCanvas(canvas_BLC, structure, number, Tensor.From(classes, 2)), canvas_BLC, clusters);
            Tensor conditional = LogitsOf([0, 1]), unconditional = LogitsOf([3, 3]);
            Tensor expected = unconditional + (conditional - unconditional) * guidance;
            Assert.Equal(expected.ToArray<float>(), stage.Logits_BNV!.ToArray<float>(), (a, b) => Math.Abs(a - b) < 1e-3);
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
        using var scope = new TensorScope();
        var given = new GivenStages { Structure_BML = Tiny.Structure(new LatentGrid(4, 4), 2, 5) };
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
        (GranularitySequence sequence, Tensor canvas_BLC) = new NvgSampler(generator, tokenizer.Quantizer).Sample([0, 1], noise, Fast);
        AssertHierarchy(sequence);
        sequence.Dispose();
        canvas_BLC.Dispose();
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

    private static void AssertHierarchy(GranularitySequence sequence)
    {
        using var scope = new TensorScope();
        new GivenStages { Structure_BML = sequence.Structure_BSL }.Check(sequence.Count, sequence.Grid);
    }

    private void AssertRefused(string words, long[] labels, Action<long[]> damage)
    {
        using var scope = new TensorScope();
        long[] damaged = [.. labels];
        damage(damaged);
        AssertGivenRefused(words, new GivenStages { Structure_BML = Tensor.From(damaged, 1, 3, 16) });
    }

    private void AssertGivenRefused(string words, GivenStages given)
    {
        var error = Assert.Throws<ArgumentException>(() => Sample([0], [1], Fast, given));
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    // Labels and tokens of each image in one row.
    private long[][] Sample(
        int[] classes, ulong[] seeds, SamplingOptions options, GivenStages? given = null, Action<StageResult>? observer = null, CancellationToken cancellation = default)
    {
        using ImageNoise noise = ImageNoise.FromSeeds(seeds, new LatentGrid(4, 4), Device.Cpu);
        (GranularitySequence sequence, Tensor canvas_BLC) = _models.Sampler.Sample(classes, noise, options, given, observer, cancellation: cancellation);
        canvas_BLC.Dispose();
        using (sequence)
        {
            long[] labels = sequence.Structure_BSL.ToArray<long>();
            long[][] tokens = [.. sequence.Content.Select(c => c.ToArray<long>())];
            return [.. classes.Select((_, b) => (long[])[.. labels[(b * 80)..((b + 1) * 80)], .. tokens.SelectMany((t, i) => t[(b << i)..((b + 1) << i)])])];
        }
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
