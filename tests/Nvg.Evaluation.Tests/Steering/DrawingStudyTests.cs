using Nvg.Evaluation.Classes;
using Nvg.Evaluation.Steering;
using Nvg.Imaging;

namespace Nvg.Evaluation.Tests.Steering;

/// <summary>Drawings of two regions: the threshold, the overlap and the report.</summary>
public class DrawingStudyTests
{
    [Fact]
    public void TwoRegions_TwoTones_AreToldApartCompletely()
    {
        RgbImage image = Halves(dark: 40, bright: 200, darkRows: 2);
        TwoRegions regions = TwoRegions.Of(image);
        Assert.Equal([.. Enumerable.Range(0, 64).Select(i => i < 16)], regions.IsDark);
        Assert.Equal(1, regions.Separation, 9);
        Assert.Equal(0.25, regions.DarkShare);
        Assert.Equal(regions.IsDark, TwoRegions.Of(regions.Draw(8, 8)).IsDark);
    }

    [Fact]
    public void TwoRegions_OneTone_HasNoDarkRegion()
    {
        TwoRegions regions = TwoRegions.Of(Halves(dark: 90, bright: 90, darkRows: 4));
        Assert.DoesNotContain(true, regions.IsDark);
        Assert.Equal((0, 0), (regions.Separation, regions.DarkShare));
    }

    [Fact]
    public void TwoRegions_Threshold_IsTheOneThatOtsuDefines()
    {
        var image = new RgbImage(16, 16);
        var random = new Random(3);
        for (int i = 0; i < 256; i++)
            image.Pixels.AsSpan(3 * i, 3).Fill((byte)random.Next(i < 100 ? 120 : 256));
        byte[] levels = [.. Enumerable.Range(0, 256).Select(i => image.Pixels[3 * i])];
        // The variance inside the regions is least where that between them is largest.
        int best = Enumerable.Range(1, 255).Where(t => levels.Any(l => l < t) && levels.Any(l => l >= t)).MinBy(Within);
        Assert.Equal([.. levels.Select(level => level < best)], TwoRegions.Of(image).IsDark);

        double Within(int threshold) => levels.GroupBy(level => level < threshold).Sum(group =>
        {
            double mean = group.Average(level => (double)level);
            return group.Sum(level => (level - mean) * (level - mean));
        });
    }

    [Theory]
    [InlineData(2, 2, 1.0)]
    [InlineData(2, 4, 0.5)]
    [InlineData(4, 2, 0.5)]
    public void DarkOverlap_Halves_IsIntersectionOverUnion(int rows, int others, double overlap) => Assert.Equal(
        overlap, TwoRegions.Of(Halves(40, 200, rows)).DarkOverlap(TwoRegions.Of(Halves(10, 90, others))));

    [Fact]
    public void Choose_TakesTheClearestOfThoseWithTwoRegions()
    {
        LabelledImage clear = new("clear", Halves(10, 240, 4), 0), tiny = new("one tone", Halves(90, 90, 4), 0);
        var noisy = new RgbImage(8, 8);
        new Random(1).NextBytes(noisy.Pixels);
        IReadOnlyList<LabelledImage> chosen = DrawingStudy.Choose([tiny, new("noisy", noisy, 0), clear], 5);
        Assert.Equal(["clear", "noisy"], chosen.Select(image => image.Name));
        Assert.Equal("clear", Assert.Single(DrawingStudy.Choose([tiny, new("noisy", noisy, 0), clear], 1)).Name);
    }

    [Fact]
    public void Run_TinyModel_ReportsShares()
    {
        using NvgModel model = TinyModels.Random();
        LabelledImage[] references = [new("a", Halves(20, 200, 4), 0), new("b", Halves(20, 200, 2), 1), new("c", Halves(50, 90, 6), 1)];
        DrawingReport report = DrawingStudy.Run(model, references, batch: 2);
        Assert.Equal(3, report.Count);
        Assert.Equal(0.5, report.DarkShare, 9);
        Assert.All([report.Followed, report.Unguided, report.Reconstructed], share => Assert.InRange(share, 0, 1));
        // Halves and quarters of the rows are clusters of equal size; three quarters are four clusters of which three are dark.
        Assert.Equal(1, report.Balanced, 9);
        Assert.Throws<ArgumentException>(() => DrawingStudy.Run(model, []));
    }

    private static RgbImage Halves(byte dark, byte bright, int darkRows)
    {
        var image = new RgbImage(8, 8);
        for (int y = 0; y < 8; y++)
            image.Row(y).Fill(y < darkRows ? dark : bright);
        return image;
    }
}
