using Nvg.Control;
using Nvg.Granularity;
using Nvg.Rendering;
using Nvg.Torch;

namespace Nvg.Tests.Control;

public class StructureInputTests
{
    private static readonly LatentGrid Grid = new(4, 4);

    [Theory]
    [InlineData(4, 4)]
    [InlineData(64, 64)]
    [InlineData(7, 5)]
    [InlineData(3, 2)]
    public void FromPicture_RightHalfWhite_AnySize_SplitsThere(int width, int height)
    {
        var picture = new RgbImage(width, height);
        for (int y = 0; y < height; y++)
            picture.Row(y)[(width / 2 * 3)..].Fill(255);
        Assert.Equal([0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1], FirstSplit(picture));
    }

    [Fact]
    public void FromPicture_UnbalancedAndTied_GivesHalvesByRankThenPosition()
    {
        var picture = new RgbImage(4, 4);
        picture.Row(3)[9..].Fill(255);
        // One position is bright; of the dark ones the first seven join it.
        Assert.Equal([1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1], FirstSplit(picture));
    }

    [Fact]
    public void FromPicture_AreaAverage_CountsEveryPixel()
    {
        // Each position covers 2 × 2 pixels; single bright pixels in the lower half decide.
        var picture = new RgbImage(8, 8);
        for (int y = 5; y < 8; y += 2)
        {
            for (int x = 1; x < 8; x += 2)
                picture.Row(y).Slice(3 * x, 3).Fill(200);
        }

        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1], FirstSplit(picture));
    }

    [Fact]
    public void FromLabels_LaterStageAlone_GivesItsParents()
    {
        int[] quarters = [.. Enumerable.Range(0, 16).Select(i => i / 4)];
        using Tensor maps = StructureInput.FromLabels(quarters, [4, 4], Grid);
        Assert.Equal([3, 16], maps.Shape.ToArray());
        Assert.Equal([.. new long[16], .. quarters.Select(q => (long)(q / 2)), .. quarters.Select(q => (long)q)], maps.ToArray<long>());
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

    private static long[] FirstSplit(RgbImage picture)
    {
        using Tensor maps = StructureInput.FromPicture(picture, Grid);
        return maps.ToArray<long>()[16..];
    }
}
