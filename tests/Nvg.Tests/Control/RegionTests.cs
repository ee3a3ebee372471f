using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Granularity;
using Nvg.Imaging;

namespace Nvg.Tests.Control;

public sealed class RegionTests : IDisposable
{
    private static readonly LatentGrid Grid = new(4, 4);

    private readonly NvgModel _model = TinyModels.Random();

    [Fact]
    public void FromImage_TouchedPositions_AreInside()
    {
        // Of an image that is wider than high the central square counts, here from column 10.
        var mask = new RgbImage(40, 20);
        mask.Row(7).Slice(3 * 17, 3).Fill(255);
        mask.Row(7).Slice(3 * 9, 3).Fill(255);
        IReadOnlyList<bool> inside = RegionMask.FromImage(mask, Grid).Inside;
        Assert.Equal(5, Assert.Single(Enumerable.Range(0, 16), l => inside[l]));
        // The rest of the image touches every position.
        Assert.Throws<ArgumentException>(() => RegionMask.FromImage(mask, Grid, outside: true));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(5000, 20)]
    public void FromImage_OneColour_SaysWhatIsMissing(int width, int height)
    {
        var black = new RgbImage(width, height);
        Assert.Contains(
            "nothing to generate", Assert.Throws<ArgumentException>(() => RegionMask.FromImage(black, Grid)).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "nothing to keep", Assert.Throws<ArgumentException>(() => RegionMask.FromImage(black, Grid, outside: true)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Keep_AllStagesInside_LeavesNothingToGenerate()
    {
        RegionMask region = RegionMask.FromPositions(Grid, [.. Enumerable.Range(0, 16).Select(l => l == 5)]);
        PartialSequence whole = Generate(new ImageRequest(0, 1)).Sequence;
        Assert.Contains(
            "keep at most 4", Assert.Throws<ArgumentException>(() => region.Keep(whole, 5, 5)).Message, StringComparison.Ordinal);
        // With the structure alone the content is new.
        Assert.False(region.Keep(whole, 5, 4).IsComplete);
    }

    [Fact]
    public void Generate_Region_KeepsEveryLabelAndTokenOutside()
    {
        GeneratedImage first = Generate(new ImageRequest(0, 1));
        var random = new Random(1);
        for (int trial = 0; trial < 10; trial++)
        {
            int size = random.Next(1, 16);
            int[] chosen = [.. Enumerable.Range(0, 16).OrderBy(_ => random.Next()).Take(size)];
            RegionMask region = RegionMask.FromPositions(Grid, [.. Enumerable.Range(0, 16).Select(chosen.Contains)]);
            GeneratedImage changed = Generate(new ImageRequest(2, (ulong)trial) { Given = region.Keep(first.Sequence) });
            bool[] outside = [.. region.Inside.Select(inside => !inside)];
            Assert.True(first.Sequence.Where(outside).SequenceEqual(changed.Sequence.Where(outside)));
        }
    }

    [Fact]
    public void Blend_AwayFromTheRegion_IsTheOldImageAndInsideTheNew()
    {
        RegionMask region = RegionMask.FromPositions(Grid, [.. Enumerable.Range(0, 16).Select(l => l == 5)]);
        RgbImage before = new(16, 16), after = new(16, 16);
        new Random(1).NextBytes(before.Pixels);
        new Random(2).NextBytes(after.Pixels);
        RgbImage blended = new KeptSurroundings(region, before).Blend(after);
        for (int y = 0; y < 16; y++)
        {
            for (int x = 0; x < 16; x++)
            {
                bool inside = x is >= 4 and < 8 && y is >= 4 and < 8, away = x >= 12 || y >= 12;
                if (inside)
                    Assert.Equal(after.Row(y).Slice(3 * x, 3).ToArray(), blended.Row(y).Slice(3 * x, 3).ToArray());
                else if (away)
                    Assert.Equal(before.Row(y).Slice(3 * x, 3).ToArray(), blended.Row(y).Slice(3 * x, 3).ToArray());
            }
        }

        // Half a position beside the region, pixel centres at 0.375 and 0.625 of a position: the ramp's values.
        Assert.Equal(Math.Round(before.Row(5)[3 * 9] + 0.625 * (after.Row(5)[3 * 9] - before.Row(5)[3 * 9])), blended.Row(5)[3 * 9]);
        RegionChange change = RegionChange.Between(before, blended, region);
        Assert.Equal(3, change.MeanByDistance.Count);
        Assert.True(change.MeanInside > change.MeanByDistance[1]);
        Assert.Equal(0, change.MeanByDistance[2]);
    }

    [Fact]
    public void AnyPart_OfAGridOfAsManyPositions_IsRefused()
    {
        var other = new LatentGrid(2, 8);
        PartialSequence whole = Generate(new ImageRequest(0, 1)).Sequence;
        var alike = new PartialSequence(other, whole.AllLabels, whole.AllTokens);
        RegionMask region = RegionMask.FromPositions(other, [.. Enumerable.Range(0, 16).Select(l => l == 5)]);
        using ReferenceSequence reference = ReferenceSequence.FromSequence(_model.Tokenizer, whole);
        var image = new ImageRequest(0, 1);
        Action[] mixed =
        [
            () => whole.WithFallback(alike), () => whole.Where(new bool[8]), () => region.Keep(whole),
            () => reference.EncodeAlong(alike), () => reference.Keep(KeptPart.Structure, 2, alike),
            () => ReferenceSequence.FromSequence(_model.Tokenizer, alike), () => RegionMask.FromPositions(Grid, [true, false]),
            () => Generate(image with { Given = alike.Keep(2, 0) }), () => Generate(
                image with { Surroundings = new KeptSurroundings(region, new RgbImage(8, 8)) }),
        ];
        Assert.All(mixed, mix => Assert.Contains("positions", Assert.Throws<ArgumentException>(mix).Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Generate_SurroundingsOfAnotherSize_AreRefused()
    {
        RegionMask region = RegionMask.FromPositions(Grid, [.. Enumerable.Range(0, 16).Select(l => l == 5)]);
        Assert.Contains(
            "3 × 5", Assert.Throws<ArgumentException>(
                () => Generate(new ImageRequest(0, 1) { Surroundings = new KeptSurroundings(region, new RgbImage(3, 5)) })).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Keep_ContentAlongOtherMaps_IsTheContentOfThatLatent()
    {
        GeneratedImage a = Generate(new ImageRequest(0, 1)), b = Generate(new ImageRequest(1, 2));
        using ReferenceSequence reference = ReferenceSequence.FromImage(_model.Tokenizer, b.Image);
        PartialSequence mixed = reference.Keep(KeptPart.Content, 3, a.Sequence.Keep(4, 0));
        Assert.True(mixed.Keep(4, 0).SequenceEqual(a.Sequence.Keep(4, 0)));
        Assert.Equal((4, 3), (mixed.StructureStages, mixed.ContentStages));
        // Along its own maps an image has its own content.
        PartialSequence own = reference.Keep(KeptPart.Content, 5, reference.Sequence.Keep(5, 0));
        Assert.True(own.SequenceEqual(reference.Sequence));
        Assert.Throws<ArgumentException>(() => reference.Keep(KeptPart.Content, 5, a.Sequence.Keep(4, 0)));
        Assert.Throws<ArgumentException>(() => reference.Keep(KeptPart.Both, 6));
    }

    public void Dispose() => _model.Dispose();

    private GeneratedImage Generate(ImageRequest image) => _model.Generate(new GenerationRequest { Images = [image] }).Single();
}
