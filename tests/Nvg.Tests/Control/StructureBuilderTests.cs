using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Granularity;
using Nvg.Imaging;

namespace Nvg.Tests.Control;

public class StructureBuilderTests
{
    private static readonly StructureBuilder Builder = new(new LatentGrid(4, 4));

    [Theory]
    [InlineData(4, 4)]
    [InlineData(64, 64)]
    [InlineData(7, 5)]
    [InlineData(3, 2)]
    public void FromBrightness_RightHalfWhite_AnySize_SplitsThere(int width, int height)
    {
        var image = new RgbImage(width, height);
        for (int y = 0; y < height; y++)
            image.Row(y)[(width / 2 * 3)..].Fill(255);
        Assert.Equal([0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1], FirstSplit(image));
    }

    [Theory]
    [InlineData(96, 32)]
    [InlineData(32, 71)]
    [InlineData(33, 32)]
    public void From_ImageThatIsNoSquare_UsesTheSquareThatPhotographsUse(int width, int height)
    {
        RgbImage image = Images.Gradient(width, height, 7);
        for (int i = 0; i < image.Pixels.Length; i++)
            image.Pixels[i] = (byte)(image.Pixels[i] / 64 * 64);
        RgbImage square = image.CropCentre(32, 32);
        Assert.Equal(Maps(Builder.FromBrightness([square], 5)), Maps(Builder.FromBrightness([image], 5)));
        Assert.Equal(Maps(Builder.FromLabels(square, 5)), Maps(Builder.FromLabels(image, 5)));
        Assert.Equal(Maps(Builder.FromDrawing(square)), Maps(Builder.FromDrawing(image)));
        // What lies beside the square has no influence.
        RgbImage other = new(width, height);
        other.Pixels.AsSpan().Fill(255);
        int left = (width - 32) / 2, top = (height - 32) / 2;
        for (int y = 0; y < 32; y++)
            square.Row(y).CopyTo(other.Row(top + y)[(3 * left)..]);
        Assert.Equal(Maps(Builder.FromLabels(image, 5)), Maps(Builder.FromLabels(other, 5)));
        using var folder = new TemporaryFolder();
        ImageFile.Write(folder["wide.png"], image);
        Assert.Equal(square.Pixels, SquareImage.Read(folder["wide.png"], 32).Pixels);
    }

    [Fact]
    public void KindOf_Drawings_FlatColoursAreRegionsAndShadesBrightness()
    {
        RgbImage flat = Half(64, (x, y) => (x - 32) * (x - 32) + (y - 32) * (y - 32) < 200), line = Half(64, (x, _) => x == 20);
        var shades = new RgbImage(64, 64);
        for (int i = 0; i < 64 * 64; i++)
            shades.Pixels.AsSpan(3 * i, 3).Fill((byte)(i / 16));
        Assert.Equal(StructureKind.Labels, Builder.KindOf(flat));
        Assert.Equal(StructureKind.Brightness, Builder.KindOf(shades));
        // No position is covered by the line for the larger part, and one colour has no regions.
        Assert.Equal(StructureKind.Brightness, Builder.KindOf(line));
        Assert.Equal(StructureKind.Brightness, Builder.KindOf(new RgbImage(8, 8)));
        Assert.Equal(Maps(Builder.FromLabels(flat)), Maps(Builder.FromDrawing(flat)));
        Assert.Equal(Maps(Builder.FromBrightness([shades], 4)), Maps(Builder.FromDrawing(shades)));
        Assert.Equal(3, Builder.FromDrawing(shades, 3).Stages.Count);
    }

    [Theory]
    [InlineData(0, 255)]
    [InlineData(90, 110)]
    [InlineData(200, 255)]
    public void FromBrightness_BalancedHalves_HaveMovedNothingWhateverTheirTones(int dark, int bright)
    {
        RgbImage drawing = Half(8, (x, _) => x < 4);
        for (int i = 0; i < drawing.Pixels.Length; i++)
            drawing.Pixels[i] = (byte)(drawing.Pixels[i] == 255 ? bright : dark);
        Assert.DoesNotContain(true, Builder.FromBrightness([drawing]).Stages[1].Moved);
    }

    [Fact]
    public void FromBrightness_SmallShape_GrowsIntoItsSurroundings()
    {
        var image = new RgbImage(4, 4);
        image.Row(3)[9..].Fill(255);
        // One position is bright, in the corner; of the dark ones the seven nearest to it join it, the lower position first.
        Assert.Equal([0, 0, 0, 0, 0, 0, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1], FirstSplit(image));
    }

    [Fact]
    public void FromBrightness_SmallHole_GrowsToo()
    {
        var image = new RgbImage(4, 4);
        image.Pixels.AsSpan().Fill(255);
        image.Row(3)[9..].Clear();
        long[] split = FirstSplit(image);
        Assert.Equal(0, split[15]);
        Assert.Equal(0, split[10] + split[11] + split[14]);
        Assert.Equal(8, split.Sum());
    }

    [Fact]
    public void FromBrightness_OneColour_IsSplitByPosition() =>
        Assert.Equal([1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0], FirstSplit(new RgbImage(50, 3)));

    [Fact]
    public void FromBrightness_DepthMap_GivesBandsOfEqualSize()
    {
        var depth = new RgbImage(4, 4);
        for (int i = 0; i < 16; i++)
            depth.Pixels.AsSpan(3 * i, 3).Fill((byte)(i * 16));
        StructureMap map = Builder.FromBrightness([depth], 5);
        for (int stage = 0; stage < 5; stage++)
            Assert.Equal([.. Enumerable.Range(0, 16).Select(i => i >> (4 - stage))], map.Stages[stage].Used);
        // Equal steps of brightness are what was asked for, so nothing moved.
        Assert.DoesNotContain(map.Stages, stage => stage.Moved.Contains(true));
    }

    [Fact]
    public void FromBrightness_SeveralDrawings_SplitOneAfterTheOther()
    {
        RgbImage right = Half(4, (x, _) => x >= 2), bottom = Half(4, (_, y) => y >= 2);
        StructureMap map = Builder.FromBrightness([right, bottom]);
        Assert.Equal([0, 0, 2, 2, 0, 0, 2, 2, 1, 1, 3, 3, 1, 1, 3, 3], map.Stages[2].Used);
        Assert.DoesNotContain(map.Stages, stage => stage.Moved.Contains(true));
    }

    [Fact]
    public void FromBrightness_DrawingAndGradient_AsksForStepsInsideTheDrawing()
    {
        // Left and right by the drawing, and in each of them rows from dark to bright: every split is asked for as it is balanced.
        RgbImage right = Half(4, (x, _) => x >= 2), gradient = new RgbImage(4, 4);
        for (int y = 0; y < 4; y++)
            gradient.Row(y).Fill((byte)(y * 64 + 32));
        StructureMap map = Builder.FromBrightness([right, gradient], 4);
        Assert.Equal([0, 0, 4, 4, 1, 1, 5, 5, 2, 2, 6, 6, 3, 3, 7, 7], map.Stages[3].Asked);
        Assert.Equal(map.Stages[3].Asked, map.Stages[3].Used);
        Assert.DoesNotContain(map.Stages, stage => stage.Moved.Contains(true));
    }

    [Fact]
    public void FromBrightness_MoreDrawingsThanSplits_SaysHowMany()
    {
        RgbImage drawing = Half(4, (x, _) => x >= 2);
        Assert.Equal(5, Builder.FromBrightness([drawing, drawing, drawing, drawing]).Stages.Count);
        Assert.Single(Builder.FromBrightness([drawing], 1).Stages);
        string Refused(int drawings, int? stages) => Assert.Throws<ArgumentException>(
            () => Builder.FromBrightness([.. Enumerable.Repeat(drawing, drawings)], stages)).Message;
        Assert.StartsWith("3 drawings are more than the 2 splits of 3 stages", Refused(3, 3), StringComparison.Ordinal);
        Assert.StartsWith("5 drawings are more than the 4 splits of 5 stages", Refused(5, null), StringComparison.Ordinal);
    }

    [Fact]
    public void FromImage_WithoutTokenizer_IsRefused() => Assert.Contains(
        "tokenizer", Assert.Throws<InvalidOperationException>(
            () => Builder.FromImage(new RgbImage(8, 8), 2)).Message, StringComparison.Ordinal);

    [Fact]
    public void FromLabels_UnevenRegions_SayWhoWentOver()
    {
        // Four of sixteen: four of the others fill their half. The rest has a half of its own.
        int[] regions = [.. Enumerable.Range(0, 16).Select(l => l < 4 ? 1 : 0)];
        StructureStage split = Builder.FromLabels(regions, 4, 4, 2).Stages[1];
        Assert.Equal(4, split.Moved.Count(moved => moved));
        Assert.All(Enumerable.Range(0, 16).Where(l => split.Moved[l]), l => Assert.Equal((0, split.Used[0]), (regions[l], split.Used[l])));
    }

    [Fact]
    public void FromLabels_BalancedRegions_AreKeptWhole()
    {
        int[] quarters = [.. Enumerable.Range(0, 16).Select(l => 7 * (2 * (l / 8) + l % 4 / 2))];
        StructureMap map = Builder.FromLabels(quarters, 4, 4);
        Assert.Equal(3, map.Stages.Count);
        Assert.DoesNotContain(map.Stages, stage => stage.Moved.Contains(true));
        Assert.Equal(4, quarters.Zip(map.Stages[2].Used).Distinct().Count());
    }

    [Fact]
    public void FromLabels_ShapeThatIsTooSmall_GrowsAndSaysSo()
    {
        int[] regions = new int[16];
        regions[5] = 1;
        StructureMap map = Builder.FromLabels(regions, 4, 4, 2);
        Assert.Equal(8, map.Stages[1].Used.Sum());
        Assert.Equal(1, map.Stages[1].Used[5]);
        // Its four neighbours joined it; fifteen of the other region have room for eight.
        Assert.Equal(4, new[] { 1, 4, 6, 9 }.Sum(l => map.Stages[1].Used[l]));
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(5000, 20, 256)]
    [InlineData(3, 700, 2)]
    [InlineData(31, 17, 1000)]
    [InlineData(64, 64, 1)]
    public void AnyInput_AnySize_GivesAValidHierarchy(int width, int height, int colours)
    {
        var random = new Random(width);
        var image = new RgbImage(width, height);
        for (int i = 0; i < width * height; i++)
        {
            int colour = random.Next(colours);
            (image.Pixels[3 * i], image.Pixels[3 * i + 1]) = ((byte)colour, (byte)(colour >> 8));
        }

        foreach (LatentGrid grid in new LatentGrid[] { new(1, 2), new(2, 2), new(4, 4), new(8, 8), new(4, 16) })
        {
            for (int stages = 1; stages <= grid.StageCount; stages++)
            {
                Assert.Equal(stages, new StructureBuilder(grid).FromBrightness([image], stages).ToSequence().StructureStages);
                PartialSequence regions = new StructureBuilder(grid).FromLabels(image, stages).ToSequence();
                Assert.Equal(stages, regions.StructureStages);
            }

            Assert.InRange(new StructureBuilder(grid).FromLabels(image).ToSequence().StructureStages, 1, grid.StageCount);
        }
    }

    [Fact]
    public void Draw_AnyMap_HasThreeRowsAndAColumnForEachSplit()
    {
        RgbImage drawn = Builder.FromLabels([.. Enumerable.Range(0, 400)], 20, 20, 4).Draw();
        Assert.Equal((3 * 66 + 2, 3 * 66 + 2), (drawn.Width, drawn.Height));
    }

    [Fact]
    public void FromBrightness_AreaAverage_CountsEveryPixel()
    {
        // Each position covers 2 × 2 pixels; single bright pixels in the lower half decide.
        var image = new RgbImage(8, 8);
        for (int y = 5; y < 8; y += 2)
        {
            for (int x = 1; x < 8; x += 2)
                image.Row(y).Slice(3 * x, 3).Fill(200);
        }

        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1], FirstSplit(image));
    }

    [Fact]
    public void FromMaps_LaterStageAlone_GivesItsParents()
    {
        int[] quarters = [.. Enumerable.Range(0, 16).Select(i => i / 4)];
        StructureMap map = Builder.FromMaps(quarters, [4, 4]);
        Assert.Equal([.. new int[16], .. quarters.Select(q => q / 2), .. quarters], map.Stages.SelectMany(s => s.Used));
    }

    [Theory]
    [InlineData(16, 1)] // balanced, but of the shape of another grid
    [InlineData(8, 2)]
    public void FromMaps_OtherGrid_Throws(long rows, long columns) =>
        Assert.Contains(
            "shape", Assert.Throws<ArgumentException>(
                () => Builder.FromMaps([.. Enumerable.Range(0, 16).Select(i => i / 8)], [rows, columns])).Message,
            StringComparison.Ordinal);

    [Fact]
    public void FromMaps_Unbalanced_Throws() =>
        Assert.Contains(
            "stage 1", Assert.Throws<ArgumentException>(() => Builder.FromMaps([1, .. new int[15]], [16])).Message,
            StringComparison.Ordinal);

    [Fact]
    public void FromMaps_NotNested_Throws()
    {
        int[] first = [.. Enumerable.Range(0, 16).Select(i => i / 8)], second = [.. Enumerable.Range(0, 16).Select(i => i % 4)];
        Assert.Contains(
            "stage 2", Assert.Throws<ArgumentException>(() => Builder.FromMaps([.. first, .. second], [2, 16])).Message,
            StringComparison.Ordinal);
    }

    private static int[] Maps(StructureMap map) => [.. map.Stages.SelectMany(stage => stage.Used)];

    private static long[] FirstSplit(RgbImage image)
    {
        return [.. Builder.FromBrightness([image]).Stages[1].Used.Select(label => (long)label)];
    }

    private static RgbImage Half(int side, Func<int, int, bool> white)
    {
        var image = new RgbImage(side, side);
        for (int i = 0; i < side * side; i++)
            image.Pixels.AsSpan(3 * i, 3).Fill(white(i % side, i / side) ? (byte)255 : (byte)0);
        return image;
    }
}
