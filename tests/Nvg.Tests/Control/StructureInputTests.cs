using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Granularity;
using Nvg.Imaging;

namespace Nvg.Tests.Control;

public class StructureInputTests
{
    private static readonly LatentGrid Grid = new(4, 4);

    [Theory]
    [InlineData(4, 4)]
    [InlineData(64, 64)]
    [InlineData(7, 5)]
    [InlineData(3, 2)]
    public void FromImage_RightHalfWhite_AnySize_SplitsThere(int width, int height)
    {
        var image = new RgbImage(width, height);
        for (int y = 0; y < height; y++)
            image.Row(y)[(width / 2 * 3)..].Fill(255);
        Assert.Equal([0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1], FirstSplit(image));
    }

    [Fact]
    public void FromImage_SmallShape_GrowsIntoItsSurroundings()
    {
        var image = new RgbImage(4, 4);
        image.Row(3)[9..].Fill(255);
        // One position is bright, in the corner; of the dark ones the seven nearest to it join it, the lower position first.
        Assert.Equal([0, 0, 0, 0, 0, 0, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1], FirstSplit(image));
    }

    [Fact]
    public void FromImage_SmallHole_GrowsToo()
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
    public void FromImage_OneColour_IsSplitByPosition() =>
        Assert.Equal([1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0], FirstSplit(new RgbImage(50, 3)));

    [Fact]
    public void FromBrightness_DepthMap_GivesBandsOfEqualSize()
    {
        var depth = new RgbImage(4, 4);
        for (int i = 0; i < 16; i++)
            depth.Pixels.AsSpan(3 * i, 3).Fill((byte)(i * 16));
        StructurePlan plan = StructureInput.FromBrightness([depth], Grid, 5);
        for (int stage = 0; stage < 5; stage++)
            Assert.Equal([.. Enumerable.Range(0, 16).Select(i => i >> (4 - stage))], plan.Stages[stage].Used);
        // Equal steps of brightness are what was asked for, so nothing moved.
        Assert.DoesNotContain(plan.Stages, stage => stage.Moved.Contains(true));
    }

    [Fact]
    public void FromBrightness_SeveralDrawings_SplitOneAfterTheOther()
    {
        RgbImage right = Half(4, (x, _) => x >= 2), bottom = Half(4, (_, y) => y >= 2);
        StructurePlan plan = StructureInput.FromBrightness([right, bottom], Grid);
        Assert.Equal([0, 0, 2, 2, 0, 0, 2, 2, 1, 1, 3, 3, 1, 1, 3, 3], plan.Stages[2].Used);
        Assert.DoesNotContain(plan.Stages, stage => stage.Moved.Contains(true));
    }

    [Fact]
    public void FromBrightness_DrawingAndGradient_AsksForStepsInsideTheDrawing()
    {
        // Left and right by the drawing, and in each of them rows from dark to bright: every split is asked for as it is balanced.
        RgbImage right = Half(4, (x, _) => x >= 2), gradient = new RgbImage(4, 4);
        for (int y = 0; y < 4; y++)
            gradient.Row(y).Fill((byte)(y * 64 + 32));
        StructurePlan plan = StructureInput.FromBrightness([right, gradient], Grid, 4);
        Assert.Equal([0, 0, 4, 4, 1, 1, 5, 5, 2, 2, 6, 6, 3, 3, 7, 7], plan.Stages[3].Asked);
        Assert.Equal(plan.Stages[3].Asked, plan.Stages[3].Used);
        Assert.DoesNotContain(plan.Stages, stage => stage.Moved.Contains(true));
    }

    [Fact]
    public void FromBrightness_MoreDrawingsThanSplits_SaysHowMany()
    {
        RgbImage drawing = Half(4, (x, _) => x >= 2);
        Assert.Equal(5, StructureInput.FromBrightness([drawing, drawing, drawing, drawing], Grid).Stages.Count);
        Assert.Single(StructureInput.FromBrightness([drawing], Grid, 1).Stages);
        string Refused(int drawings, int? stages) => Assert.Throws<ArgumentException>(
            () => StructureInput.FromBrightness([.. Enumerable.Repeat(drawing, drawings)], Grid, stages)).Message;
        Assert.StartsWith("3 drawings are more than the 2 splits of 3 stages", Refused(3, 3), StringComparison.Ordinal);
        Assert.StartsWith("5 drawings are more than the 4 splits of 5 stages", Refused(5, null), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_ImageKind_IsRefusedBecauseATokenizerFindsIt() => Assert.Contains(
        "tokenizer", Assert.Throws<ArgumentException>(() => StructureInput.Read(["photo.png"], StructureKind.Image, Grid, 2)).Message, StringComparison.Ordinal);

    [Fact]
    public void FromRegions_UnevenRegions_SayWhoWentOver()
    {
        // Four of sixteen: four of the others fill their half. The rest has a half of its own.
        int[] regions = [.. Enumerable.Range(0, 16).Select(l => l < 4 ? 1 : 0)];
        StructureStage split = StructureInput.FromRegions(regions, 4, 4, Grid, 2).Stages[1];
        Assert.Equal(4, split.Moved.Count(moved => moved));
        Assert.All(Enumerable.Range(0, 16).Where(l => split.Moved[l]), l => Assert.Equal((0, split.Used[0]), (regions[l], split.Used[l])));
    }

    [Fact]
    public void FromRegions_BalancedRegions_AreKeptWhole()
    {
        int[] quarters = [.. Enumerable.Range(0, 16).Select(l => 7 * (2 * (l / 8) + l % 4 / 2))];
        StructurePlan plan = StructureInput.FromRegions(quarters, 4, 4, Grid);
        Assert.Equal(3, plan.Stages.Count);
        Assert.DoesNotContain(plan.Stages, stage => stage.Moved.Contains(true));
        Assert.Equal(4, quarters.Zip(plan.Stages[2].Used).Distinct().Count());
    }

    [Fact]
    public void FromRegions_ShapeThatIsTooSmall_GrowsAndSaysSo()
    {
        int[] regions = new int[16];
        regions[5] = 1;
        StructurePlan plan = StructureInput.FromRegions(regions, 4, 4, Grid, 2);
        Assert.Equal(8, plan.Stages[1].Used.Sum());
        Assert.Equal(1, plan.Stages[1].Used[5]);
        // Its four neighbours joined it; fifteen of the other region have room for eight.
        Assert.Equal(4, new[] { 1, 4, 6, 9 }.Sum(l => plan.Stages[1].Used[l]));
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
                Assert.Equal(stages, StructureInput.FromBrightness([image], grid, stages).ToSequence().StructureStages);
                PartialSequence regions = StructureInput.FromRegions(image, grid, stages).ToSequence();
                Assert.Equal(stages, regions.StructureStages);
            }

            Assert.InRange(StructureInput.FromRegions(image, grid).ToSequence().StructureStages, 1, grid.StageCount);
        }
    }

    [Fact]
    public void Draw_AnyPlan_HasThreeRowsAndAColumnForEachStage()
    {
        RgbImage drawn = StructureInput.FromRegions([.. Enumerable.Range(0, 400)], 20, 20, Grid, 4).Draw();
        Assert.Equal((4 * 66 + 2, 3 * 66 + 2), (drawn.Width, drawn.Height));
    }

    [Fact]
    public void FromImage_AreaAverage_CountsEveryPixel()
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
    public void FromLabels_LaterStageAlone_GivesItsParents()
    {
        int[] quarters = [.. Enumerable.Range(0, 16).Select(i => i / 4)];
        StructurePlan plan = StructureInput.FromLabels(quarters, [4, 4], Grid);
        Assert.Equal([.. new int[16], .. quarters.Select(q => q / 2), .. quarters], plan.Stages.SelectMany(s => s.Used));
    }

    [Theory]
    [InlineData(16, 1)] // balanced, but of the shape of another grid
    [InlineData(8, 2)]
    public void FromLabels_OtherGrid_Throws(long rows, long columns) =>
        Assert.Contains("shape", Assert.Throws<ArgumentException>(() => StructureInput.FromLabels([.. Enumerable.Range(0, 16).Select(i => i / 8)], [rows, columns], Grid)).Message, StringComparison.Ordinal);

    [Fact]
    public void FromLabels_Unbalanced_Throws() =>
        Assert.Contains("stage 1", Assert.Throws<ArgumentException>(() => StructureInput.FromLabels([1, .. new int[15]], [16], Grid)).Message, StringComparison.Ordinal);

    [Fact]
    public void FromLabels_NotNested_Throws()
    {
        int[] first = [.. Enumerable.Range(0, 16).Select(i => i / 8)], second = [.. Enumerable.Range(0, 16).Select(i => i % 4)];
        Assert.Contains("stage 2", Assert.Throws<ArgumentException>(() => StructureInput.FromLabels([.. first, .. second], [2, 16], Grid)).Message, StringComparison.Ordinal);
    }

    private static long[] FirstSplit(RgbImage image)
    {
        return [.. StructureInput.FromBrightness([image], Grid).Stages[1].Used.Select(label => (long)label)];
    }

    private static RgbImage Half(int side, Func<int, int, bool> white)
    {
        var image = new RgbImage(side, side);
        for (int i = 0; i < side * side; i++)
            image.Pixels.AsSpan(3 * i, 3).Fill(white(i % side, i / side) ? (byte)255 : (byte)0);
        return image;
    }
}
