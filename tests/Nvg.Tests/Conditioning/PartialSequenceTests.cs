using Nvg.Conditioning;
using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Sampling;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tests.Conditioning;

/// <summary>Whatever is given of a sequence is obeyed exactly, and the rest makes a whole hierarchy of it.</summary>
[NoTensorLeaks]
[Collection(RunsAlone.Name)]
public class PartialSequenceTests
{
    private static readonly SamplingOptions Fast = new() { StructureSteps = 2 };

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 2)]
    [InlineData(2, 4)]
    [InlineData(4, 4)]
    [InlineData(8, 8)]
    public void Sample_AnyPartGiven_IsObeyedAndCompleted(int height, int width)
    {
        var grid = new LatentGrid(height, width);
        using Models models = new(grid);
        var random = new Random(height * 100 + width);
        for (int trial = 0; trial < 12; trial++)
        {
            PartialSequence whole = Whole(grid, random);
            // Each position keeps its own number of stages; tokens no more than labels.
            int[] labels = new int[grid.StageCount * grid.Length], tokens = new int[labels.Length];
            bool byPosition = trial % 3 > 0;
            (int structure, int content) = Depths(random, grid);
            for (int l = 0; l < grid.Length; l++)
            {
                if (byPosition && random.Next(2) == 0)
                    (structure, content) = Depths(random, grid);
                for (int i = 0; i < grid.StageCount; i++)
                {
                    labels[i * grid.Length + l] = i < structure ? whole.Labels(i)[l] : PartialSequence.Unknown;
                    tokens[i * grid.Length + l] = i < content ? whole.Tokens(i)[l] : PartialSequence.Unknown;
                }
            }

            var given = new PartialSequence(grid, labels, tokens, trial % 2 == 0 ? BorderRule.Split : BorderRule.Keep);
            PartialSequence result = models.Sample([0], [(ulong)trial], Fast with { Gumbel = trial % 4 == 1 }, [given])[0];
            Assert.True(result.IsComplete);
            // What is given wins over the result: if nothing changes, the result has it.
            Assert.True(given.WithFallback(result).SequenceEqual(result));
            for (int i = 0; i < grid.StageCount; i++)
                Assert.All(result.Labels(i).ToArray().CountBy(label => label), count => Assert.Equal(grid.ClusterSize(i), count.Value));
        }
    }

    [Fact]
    public void Sample_BorderKept_LeavesOneTokenInClustersOnBothSides()
    {
        var grid = new LatentGrid(4, 4);
        using Models models = new(grid);
        PartialSequence whole = Whole(grid, new Random(6));
        bool[] kept = [.. Enumerable.Range(0, 16).Select(l => l % 4 < 2)];
        PartialSequence split = models.Sample([1], [4], Fast, [whole.Where(kept)])[0];
        PartialSequence joined = models.Sample([1], [4], Fast, [whole.Where(kept).With(BorderRule.Keep)])[0];
        int[] all = [.. Enumerable.Range(0, 16)];
        for (int i = 0; i < grid.StageCount; i++)
        {
            foreach (IGrouping<int, int> cluster in all.GroupBy(l => joined.Labels(i)[l]))
                Assert.Single(cluster.Select(l => joined.Tokens(i)[l]).Distinct());
        }

        // Stage 0 lies on both sides: only the split rule draws a token of its own for the inside.
        Assert.Single(joined.Tokens(0).ToArray().Distinct());
        Assert.Equal(whole.Tokens(0)[0], joined.Tokens(0)[15]);
        Assert.Equal(2, split.Tokens(0).ToArray().Distinct().Count());
    }

    [Fact]
    public void Sample_BorderKeptOverTwoTokens_TakesTheOneThatMorePositionsHave()
    {
        var grid = new LatentGrid(4, 4);
        using Models models = new(grid);
        int size = grid.StageCount * grid.Length;
        int[] labels = new int[size], tokens = new int[size];
        Array.Fill(labels, PartialSequence.Unknown);
        Array.Fill(tokens, PartialSequence.Unknown);
        // Seven positions with the lower number, four with the higher, five of nothing.
        tokens.AsSpan(0, 7).Fill(3);
        tokens.AsSpan(7, 4).Fill(9);
        PartialSequence Sampled() => models.Sample([1], [4], Fast, [new PartialSequence(grid, labels, tokens, BorderRule.Keep)])[0];
        Assert.Equal([3, 3, 3, 3, 3, 3, 3, 9, 9, 9, 9, 3, 3, 3, 3, 3], Sampled().Tokens(0).ToArray());
        // Of equally many the first counts, whatever its number.
        tokens.AsSpan(0, 4).Fill(9);
        tokens.AsSpan(4, 4).Fill(3);
        tokens.AsSpan(8, 8).Fill(PartialSequence.Unknown);
        Assert.Equal([9, 9, 9, 9, 3, 3, 3, 3, 9, 9, 9, 9, 9, 9, 9, 9], Sampled().Tokens(0).ToArray());
    }

    [Fact]
    public void Sample_UnlikeImagesTogether_AreThoseOfEachAlone()
    {
        var grid = new LatentGrid(4, 4);
        using Models models = new(grid);
        var random = new Random(7);
        PartialSequence whole = Whole(grid, random);
        PartialSequence[] given =
        [
            PartialSequence.Empty(grid), whole.Keep(3, 0), whole.Keep(2, 2), whole.Where(
                [.. Enumerable.Range(0, 16).Select(l => l > 4)]), whole,
        ];
        PartialSequence[] together = models.Sample([0, 1, 2, 0, 1], [1, 2, 3, 4, 5], Fast, given);
        for (int i = 0; i < given.Length; i++)
            Assert.True(together[i].SequenceEqual(models.Sample([i % 3], [(ulong)i + 1], Fast, [given[i]])[0]));
    }

    [Fact]
    public void Sample_ClassOnTheWay_StartsAtOneAndDiffersFromBoth()
    {
        var grid = new LatentGrid(4, 4);
        using Models models = new(grid);
        using var scope = new TensorScope();
        PartialSequence At(float share) =>
            models.Sample([0], [9], Fast, null, new ClassBlend(Tensor.From([2L], 1), Tensor.From([share], 1)))[0];
        Assert.True(models.Sample([0], [9], Fast, null)[0].SequenceEqual(At(0)));
        Assert.True(models.Sample([2], [9], Fast, null)[0].SequenceEqual(At(1)));
    }

    [Fact]
    public void Noise_BetweenSeeds_KeepsItsDistributions()
    {
        var grid = new LatentGrid(32, 32);
        using var scope = new TensorScope();
        using ImageNoise from = ImageNoise.FromSeeds([1], grid, Device.Cpu), to = ImageNoise.FromSeeds([2], grid, Device.Cpu);
        using ImageNoise start = ImageNoise.Interpolate([1], [(2, 0)], grid, Device.Cpu);
        using ImageNoise end = ImageNoise.Interpolate([1], [(2, 1)], grid, Device.Cpu);
        Assert.Equal(from.Structure_BLK.ToArray<float>(), start.Structure_BLK.ToArray<float>());
        Assert.Equal(to.Structure_BLK.ToArray<float>(), end.Structure_BLK.ToArray<float>());
        Assert.Equal(to.Tokens(5).ToArray<float>(), end.Tokens(5).ToArray<float>());
        using ImageNoise half = ImageNoise.Interpolate([1], [(2, 0.5)], grid, Device.Cpu);
        // 10,240 normal and 1,024 uniform numbers: four standard errors.
        float[] normal = half.Structure_BLK.ToArray<float>(), uniform = half.Tokens(10).ToArray<float>();
        Assert.InRange(normal.Average(), -0.04, 0.04);
        Assert.InRange(normal.Average(x => x * x), 1 - 0.056, 1 + 0.056);
        Assert.InRange(uniform.Average(), 0.5 - 0.036, 0.5 + 0.036);
        Assert.InRange(uniform.Average(u => (u - 0.5) * (u - 0.5)), 1 / 12.0 - 0.01, 1 / 12.0 + 0.01);
        Assert.All(uniform, u => Assert.InRange(u, 0, 0.9999999f));
        // At half of the way both ends count alike.
        double Correlation(float[] other) => normal.Zip(other, (a, b) => (double)a * b).Average();
        Assert.InRange(Correlation(from.Structure_BLK.ToArray<float>()), Math.Sqrt(0.5) - 0.05, Math.Sqrt(0.5) + 0.05);
        Assert.InRange(Correlation(to.Structure_BLK.ToArray<float>()), Math.Sqrt(0.5) - 0.05, Math.Sqrt(0.5) + 0.05);
    }

    [Fact]
    public void Construct_ContradictingParts_AreRefusedWithTheirPlace()
    {
        var grid = new LatentGrid(2, 2);
        int[] none = [.. Enumerable.Repeat(PartialSequence.Unknown, 12)];
        void Refused(string words, Action<int[], int[]> damage)
        {
            (int[] labels, int[] tokens) = ([.. none], [.. none]);
            damage(labels, tokens);
            Assert.Contains(
                words, Assert.Throws<ArgumentException>(() => new PartialSequence(grid, labels, tokens)).Message, StringComparison.Ordinal);
        }

        Refused("stage 1, position 0: label 2", (labels, _) => labels[4] = 2);
        Refused("stage 2, position 1: label 0", (labels, _) => labels[9] = 0);
        Refused("cluster 1 has 3", (labels, _) => (labels[4], labels[5], labels[6]) = (1, 1, 1));
        Refused("needs the label", (_, tokens) => tokens[4] = 3);
        Refused("is not a codebook index", (_, tokens) => tokens[0] = -2);
        using Models models = new(grid);
        int[] far = [.. none];
        far[0] = 16;
        var given = new PartialSequence(grid, none, far);
        Assert.Contains(
            "token 16", Assert.Throws<ArgumentException>(() => models.Sample([0], [1], Fast, [given])).Message, StringComparison.Ordinal);
    }

    private static (int Structure, int Content) Depths(Random random, LatentGrid grid)
    {
        int structure = random.Next(grid.StageCount + 1);
        return (structure, random.Next(Math.Max(structure, 1) + 1));
    }

    private static PartialSequence Whole(LatentGrid grid, Random random)
    {
        long[][] maps = Tiny.Hierarchy(grid, random);
        int[][] codes = [
            .. Enumerable.Range(0, grid.StageCount).Select(i => Enumerable.Range(0, 1 << i).Select(_ => random.Next(16)).ToArray())];
        return new PartialSequence(
            grid, [.. maps.SelectMany(map => map).Select(label => (int)label)], [
                .. maps.SelectMany((map, i) => map.Select(label => codes[i][label]))]);
    }

    private sealed class Models : IDisposable
    {
        private readonly LatentGrid _grid;
        private readonly Quantizer _quantizer;
        private readonly ParameterStore _store = new();
        private readonly NvgGenerator _generator;

        internal Models(LatentGrid grid)
        {
            _grid = grid;
            _generator = new NvgGenerator(Tiny.Generator(grid), ParameterSource.Random(2));
            _quantizer = new Quantizer(new ParameterPath(_store, ParameterSource.Random(1)), Tiny.TokenizerSizes, grid);
            _quantizer.Codebook.MultiplyInPlace(16);
        }

        internal PartialSequence[] Sample(
            int[] classes, ulong[] seeds, SamplingOptions options, PartialSequence[]? given, ClassBlend? blend = null)
        {
            using ImageNoise noise = ImageNoise.FromSeeds(seeds, _grid, Device.Cpu);
            using SampledBatch sampled = new NvgSampler(_generator, _quantizer).Sample(classes, noise, options, given, blend: blend);
            // The canvas is what the sequence says.
            using Tensor canvases = _quantizer.Canvases(sampled.Sequence);
            using Tensor last = canvases.Select(1, _grid.StageCount);
            Assert.Equal(last.ToArray<float>(), sampled.Canvas_BLC.ToArray<float>());
            return PartialSequence.FromBatch(sampled.Sequence);
        }

        public void Dispose()
        {
            _generator.Dispose();
            _store.Dispose();
        }
    }
}
