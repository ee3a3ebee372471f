using Nvg.Conditioning;
using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Imaging;
using Nvg.Sampling;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tests.Sampling;

/// <summary>Content that follows the colours of a drawing.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class ColourChoiceTests
{
    private static readonly LatentGrid Grid = Tiny.GeneratorSizes.Grid;

    [Fact]
    public void Of_Drawing_IsItsColoursLessTheirMean()
    {
        DrawnColours colours = DrawnColours.Of(Halves(left: 10, right: 50), Grid)!;
        for (int l = 0; l < Grid.Length; l++)
            Assert.All(colours.Values.Slice(3 * l, 3).ToArray(), value => Assert.Equal(l % Grid.Width < Grid.Width / 2 ? -20 : 20, value));
        Assert.Null(DrawnColours.Of(Halves(left: 90, right: 90), Grid));
    }

    [Fact]
    public void Builder_DrawingInFlatColours_HasColours()
    {
        var builder = new StructureBuilder(Grid);
        RgbImage drawing = Halves(10, 200);
        Assert.NotNull(builder.FromDrawing(drawing).Colours);
        Assert.Null(builder.FromBrightness([drawing]).Colours);
        Assert.Null(builder.FromLabels(drawing).Colours);
        Assert.Null(builder.FromDrawing(Shades()).Colours);
    }

    [Fact]
    public void Sequence_ThatIsCombined_KeepsItsColours()
    {
        PartialSequence drawn = Drawn(Halves(0, 255));
        Assert.NotNull(drawn.Colours);
        Assert.Same(drawn.Colours, drawn.With(BorderRule.Keep).Colours);
        Assert.Same(drawn.Colours, drawn.Keep(2, 0).Colours);
        Assert.Same(drawn.Colours, PartialSequence.Empty(Grid).WithFallback(drawn).Colours);
        Assert.Null(drawn.With((DrawnColours?)null).Colours);
        Assert.Throws<ArgumentException>(() => PartialSequence.Empty(new LatentGrid(2, 2)).With(drawn.Colours));
    }

    [Fact]
    public void Sample_Colours_AreFollowedAtLeastAsWellAsByTheOwnDraw()
    {
        double better = 0;
        foreach (ulong seed in new ulong[] { 1, 2, 3, 4 })
        {
            (double dark, double plain, double bright) = (
                LeftLessRight(seed, Halves(0, 255)), LeftLessRight(seed, null), LeftLessRight(seed, Halves(255, 0)));
            Assert.True(dark <= plain + 1e-5 && plain <= bright + 1e-5, $"{dark} {plain} {bright}");
            better += bright - dark;
        }

        Assert.True(better > 0);
    }

    [Fact]
    public void Sample_Colours_ChangeNoOtherImageOfTheBatch()
    {
        PartialSequence dark = Drawn(Halves(0, 255)), bright = Drawn(Halves(255, 0)), nothing = PartialSequence.Empty(Grid);
        long[][] together = Tokens([5, 6, 7, 8], [nothing, dark, bright, dark.With((DrawnColours?)null)]);
        Assert.Equal(Tokens([5], [nothing])[0], together[0]);
        Assert.Equal(Tokens([6], [dark])[0], together[1]);
        Assert.Equal(Tokens([7], [bright])[0], together[2]);
        Assert.Equal(Tokens([8], [dark.With((DrawnColours?)null)])[0], together[3]);
    }

    [Fact]
    public void Sample_GivenContent_IsNotChosenAgain()
    {
        PartialSequence whole = Whole();
        PartialSequence given = whole.Keep(3, 3).With(DrawnColours.Of(Halves(0, 255), Grid));
        Tokens(
            [9], [given],
            sampled => Assert.True(PartialSequence.FromBatch(sampled.Sequence)[0].Keep(3, 3).SequenceEqual(whole.Keep(3, 3))));
    }

    // Mean of the left half less that of the right one, decoded after stage 1.
    private static double LeftLessRight(ulong seed, RgbImage? drawing)
    {
        double difference = double.NaN;
        PartialSequence given = Drawn(Halves(0, 255)).With(drawing is null ? null : DrawnColours.Of(drawing, Grid));
        using Tokenizer tokenizer = Tiny.Tokenizer();
        Tokens([seed], [given], observer: stage =>
        {
            if (stage.Stage != 1)
                return;
            using var scope = new TensorScope();
            Tensor image = tokenizer.Decode(stage.Canvas_BLC);
            long half = image.Size(3) / 2;
            difference = image.Narrow(3, 0, half).Mean().Item() - image.Narrow(3, half, half).Mean().Item();
        });
        return difference;
    }

    private static long[][] Tokens(
        ulong[] seeds, PartialSequence[] given, Action<SampledBatch>? check = null, Action<StageResult>? observer = null)
    {
        using var generator = new NvgGenerator(Tiny.GeneratorSizes, ParameterSource.Random(3));
        using Tokenizer tokenizer = Tiny.Tokenizer();
        using ImageNoise noise = ImageNoise.FromSeeds(seeds, Grid, default);
        using SampledBatch sampled = new NvgSampler(generator, tokenizer.Quantizer) { Decode = tokenizer.Decode }.Sample(
            new int[seeds.Length], noise, new SamplingOptions { StructureSteps = 2 }, given, observer);
        check?.Invoke(sampled);
        return [.. Enumerable.Range(0, seeds.Length).Select(b => Enumerable.Range(0, Grid.StageCount)
            .SelectMany(i => Row(sampled.Sequence.Content[i], b)).ToArray())];
    }

    private static long[] Row(Tensor tokens_BN, int image)
    {
        using Tensor row = tokens_BN.Select(0, image);
        using Tensor whole = row.Contiguous();
        return whole.ToArray<long>();
    }

    private static PartialSequence Whole()
    {
        PartialSequence? whole = null;
        Tokens([11], [Drawn(Halves(0, 255))], sampled => whole = PartialSequence.FromBatch(sampled.Sequence)[0]);
        return whole!;
    }

    private static PartialSequence Drawn(RgbImage drawing) => new StructureBuilder(Grid).FromDrawing(drawing).ToSequence();

    private static RgbImage Halves(byte left, byte right)
    {
        var image = new RgbImage(16, 16);
        for (int y = 0; y < 16; y++)
        {
            image.Row(y)[..24].Fill(left);
            image.Row(y)[24..].Fill(right);
        }

        return image;
    }

    private static RgbImage Shades()
    {
        var image = new RgbImage(64, 64);
        for (int i = 0; i < 64 * 64; i++)
            image.Pixels.AsSpan(3 * i, 3).Fill((byte)(i / 16));
        return image;
    }
}
