using Nvg.Granularity;
using Nvg.Tokenizers;
using Nvg.Torch;

namespace Nvg.Tests.Tokenizers;

[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class TokenizerTests
{
    public static TheoryData<int, int[]> Sizes =>
        new() { { 8, [1] }, { 16, [1, 2] }, { 16, [1, 1, 2] }, { 32, [1, 1, 2, 2] }, { 4, [1, 1, 1] } };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Encode_AnyPowerOfTwo_DecodesToTheSameShape(int imageSize, int[] multipliers)
    {
        using var scope = new TensorScope();
        TokenizerConfig sizes = Tiny.TokenizerSizes with { ImageSize = imageSize, ChannelMultipliers = multipliers };
        using Tokenizer tokenizer = Tiny.Tokenizer(sizes);
        LatentGrid grid = sizes.Grid;
        Assert.Equal(imageSize >> (multipliers.Length - 1), grid.Width);
        using GranularitySequence sequence = tokenizer.Encode(Images(2, imageSize));
        Assert.Equal([2, grid.StageCount, grid.Length], sequence.Structure_BSL.Shape.ToArray());
        for (int i = 0; i < grid.StageCount; i++)
        {
            Assert.Equal([2, 1 << i], sequence.Content[i].Shape.ToArray());
            Assert.All(sequence.Content[i].ToArray<long>(), t => Assert.InRange(t, 0, 15));
        }

        Tensor canvases = tokenizer.Quantizer.Canvases(sequence);
        Assert.Equal([2, grid.StageCount + 1, grid.Length, 4], canvases.Shape.ToArray());
        Tensor images = tokenizer.Decode(canvases.Select(1, grid.StageCount));
        Assert.Equal([2, 3, imageSize, imageSize], images.Shape.ToArray());
        Assert.All(images.ToArray<float>(), v => Assert.InRange(v, -1, 1));
    }

    [Fact]
    public void Encode_ImageInAnyBatch_GivesTheSameSequence()
    {
        using var scope = new TensorScope();
        using Tokenizer tokenizer = Tiny.Tokenizer();
        Tensor images = Images(3, 8);
        using GranularitySequence all = tokenizer.Encode(images), last = tokenizer.Encode(images.Narrow(0, 2, 1));
        Assert.Equal(all.Structure_BSL.Select(0, 2).ToArray<long>(), last.Structure_BSL.ToArray<long>());
        Assert.All(all.Content.Zip(last.Content), c => Assert.Equal(c.First.Select(0, 2).ToArray<long>(), c.Second.ToArray<long>()));
    }

    [Fact]
    public void Canvases_Entries_AreRunningSumsOfContributions()
    {
        using var scope = new TensorScope();
        using Tokenizer tokenizer = Tiny.Tokenizer();
        Tensor latent_BLC = Positions.FromMap(tokenizer.Encoder.Forward(Images(2, 8))).Detach();
        Tensor structure_BSL = StructureConstruction.Build(latent_BLC);
        using GranularitySequence sequence = tokenizer.Quantizer.Quantize(latent_BLC, structure_BSL);
        Tensor canvases = tokenizer.Quantizer.Canvases(sequence);
        Tensor sum = Tensor.Zeros([2, 16, 4]);
        for (int i = 0; i <= 5; i++)
        {
            Near(sum, canvases.Select(1, i), 1e-5);
            if (i < 5)
                sum += tokenizer.Quantizer.Contribution(i, sequence.StructureMap(i), sequence.Content[i]);
        }

        using QuantizedLatent quantized = tokenizer.Quantizer.Forward(latent_BLC, structure_BSL, warmUp: false);
        Near(sum, quantized.Output, 1e-5);
        // The soft choice of the warm-up is one-hot in value.
        using QuantizedLatent soft = tokenizer.Quantizer.Forward(latent_BLC, structure_BSL, warmUp: true);
        Near(sum, soft.Output, 1e-4);
        Assert.All(soft.Content.Zip(sequence.Content), c => Assert.Equal(c.Second.ToArray<long>(), c.First.ToArray<long>()));
    }

    [Fact]
    public void Quantize_SumOfKnownTokens_FindsThem()
    {
        using var scope = new TensorScope();
        using Tokenizer tokenizer = Tiny.Tokenizer(Tiny.TokenizerSizes with { LatentChannels = 5, RefinerWeight = 0 });
        // Code 0 is what stage 0 asks for; of stage i, one child adds code 2i − 1 and its sibling code 2i, the negative: the
        // mean over their parent is zero, so each stage sees its own codes alone.
        float[] codes = new float[16 * 5];
        codes[0] = 8;
        for (int i = 1; i <= 4; i++)
            (codes[(2 * i - 1) * 5 + i], codes[2 * i * 5 + i]) = (4f / i, -4f / i);
        for (int unused = 9; unused < 16; unused++)
            codes[unused * 5] = -100 * unused;
        tokenizer.Quantizer.Codebook.CopyFrom(Tensor.From(codes, 16, 5));
        Tensor structure_BSL = Tiny.Structure(new LatentGrid(4, 4), 2, 5);
        Tensor[] content = [.. Enumerable.Range(0, 5).Select(i =>
            Tensor.From([.. Enumerable.Range(0, 2 << i).Select(n => i == 0 ? 0L : n % 2 == 0 ? 2 * i - 1 : 2 * i)], 2, 1 << i))];
        using var known = new GranularitySequence(new LatentGrid(4, 4), structure_BSL.Alias(), content);
        Tensor canvas_BLC = tokenizer.Quantizer.Canvases(known).Select(1, 5);
        using GranularitySequence found = tokenizer.Quantizer.Quantize(canvas_BLC, structure_BSL);
        Assert.All(known.Content.Zip(found.Content), c => Assert.Equal(c.First.ToArray<long>(), c.Second.ToArray<long>()));
        Near(canvas_BLC, tokenizer.Quantizer.Canvases(found).Select(1, 5), 1e-5);
    }

    [Fact]
    public void ReviveDeadCodes_UnusedCodes_MoveToPointsAndNoOthers()
    {
        using var scope = new TensorScope();
        using Tokenizer tokenizer = Tiny.Tokenizer();
        Quantizer quantizer = tokenizer.Quantizer;
        // Half of the codes are out of reach.
        quantizer.Codebook.Narrow(0, 8, 8).AddInPlace(1000);
        Tensor latent_BLC = Positions.FromMap(tokenizer.Encoder.Forward(Images(2, 8))).Detach();
        Tensor structure_BSL = StructureConstruction.Build(latent_BLC);
        using QuantizedLatent quantized = quantizer.Forward(latent_BLC, structure_BSL, warmUp: false);
        var used = quantized.Content.SelectMany(c => c.ToArray<long>()).ToHashSet();
        var points = quantized.Points.SelectMany(p => p.ToArray<float>().Chunk(4)).Select(Text).ToHashSet();
        float[][] before = [.. quantizer.Codebook.ToArray<float>().Chunk(4)];
        using var random = new RandomGenerator(1);
        Assert.Equal(16 - used.Count, quantizer.ReviveDeadCodes(latent_BLC, structure_BSL, random));
        float[][] after = [.. quantizer.Codebook.ToArray<float>().Chunk(4)];
        Assert.InRange(used.Count, 1, 8);
        for (int code = 0; code < 16; code++)
        {
            if (used.Contains(code))
                Assert.Equal(before[code], after[code]);
            else
                Assert.Contains(Text(after[code]), points);
        }

        static string Text(float[] row) => string.Join(' ', row);
    }

    [Fact]
    [Trait(TorchDoors.Trait, TorchDoors.Compiled)]
    public void Forward_StraightThrough_PassesTheGradientToTheLatent()
    {
        using var scope = new TensorScope();
        using Tokenizer tokenizer = Tiny.Tokenizer();
        using var random = new RandomGenerator(3);
        Tensor latent_BLC = Tensor.Randn([1, 16, 4], random), weights = Tensor.Randn([1, 16, 4], random);
        latent_BLC.RequiresGrad = true;
        using QuantizedLatent quantized = tokenizer.Quantizer.Forward(latent_BLC, StructureConstruction.Build(latent_BLC), warmUp: false);
        Near(weights, Autograd.Gradients((quantized.Output * weights).Sum(), [latent_BLC])[0]!, 0);
    }

    [Fact]
    public void Tokenizer_ImpossibleSizes_NamesAllAndLeavesNothing()
    {
        var error = Assert.Throws<ArgumentException>(
            () => Tiny.Tokenizer(Tiny.TokenizerSizes with { ImageSize = 12, BaseChannels = 6, CodebookSize = 1 }));
        Assert.Contains("imageSize", error.Message, StringComparison.Ordinal);
        Assert.Contains("baseChannels", error.Message, StringComparison.Ordinal);
        Assert.Contains("codebookSize", error.Message, StringComparison.Ordinal);
    }

    private static Tensor Images(int count, int size)
    {
        using var random = new RandomGenerator(9);
        using Tensor uniform = Tensor.Rand([count, 3, size, size], random);
        using Tensor doubled = uniform * 2.0;
        return doubled - 1.0;
    }

    private static void Near(Tensor expected, Tensor actual, double tolerance) =>
        Assert.Equal(expected.ToArray<float>(), actual.ToArray<float>(), (a, b) => Math.Abs(a - b) <= tolerance);
}
