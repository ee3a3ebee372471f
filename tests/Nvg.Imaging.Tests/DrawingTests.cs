namespace Nvg.Imaging.Tests;

public class DrawingTests
{
    [Fact]
    public void Compose_FiveImages_FillsRowsOnWhite()
    {
        RgbImage[] images = [.. Enumerable.Range(0, 5).Select(i => Images.Gradient(4, 3, shade: i * 10))];
        RgbImage grid = ImageGrid.Compose(images, padding: 1, enlargement: 2);
        Assert.Equal((3 * 9 + 1, 2 * 7 + 1), (grid.Width, grid.Height));
        Assert.Equal([255, 255, 255], grid.Pixel(0, 0));
        Assert.Equal(images[4].Pixel(3, 2), grid.Pixel(9 + 1 + 7, 7 + 1 + 5));
        Assert.Equal([255, 255, 255], grid.Pixel(27, 14));
    }

    [Fact]
    public void Compose_SizesDiffer_IsRefused() =>
        Assert.Throws<ArgumentException>(() => ImageGrid.Compose([Images.Gradient(2, 2), Images.Gradient(3, 2)]));

    [Theory]
    [InlineData(32, 4)]
    [InlineData(100, 1)]
    [InlineData(256, 1)]
    public void ComfortableEnlargement_BySide_IsWhole(int side, int factor) =>
        Assert.Equal(factor, ImageGrid.ComfortableEnlargement(side));

    [Fact]
    public void WithMeanColours_TwoHalves_PaintsTheMeanOfEach()
    {
        var image = new RgbImage(8, 4);
        for (int y = 0; y < 4; y++)
            image.Row(y)[12..].Fill((byte)(y < 2 ? 100 : 201));
        RgbImage drawn = StructureMapPainting.WithMeanColours([0, 1, 0, 1], 2, 2, image);
        Assert.Equal([0, 0, 0], drawn.Pixel(3, 3));
        Assert.Equal([151, 151, 151], drawn.Pixel(4, 0));
    }

    [Fact]
    public void WithMeanColours_EveryCellItsOwnCluster_IsABlockMean()
    {
        RgbImage image = Images.Gradient(4, 4).Enlarge(2);
        Assert.Equal(image.Pixels, StructureMapPainting.WithMeanColours([.. Enumerable.Range(0, 16)], 4, 4, image).Pixels);
    }

    [Fact]
    public void WithPalette_FullMap_GivesEveryClusterItsOwnColour()
    {
        RgbImage drawn = StructureMapPainting.WithPalette([.. Enumerable.Range(0, 256)], 16, 16, 16, 16);
        Assert.Equal(256, drawn.Pixels.Chunk(3).Select(p => (p[0], p[1], p[2])).Distinct().Count());
        Assert.Equal([0, 0, 0], drawn.Pixel(0, 0));
        Assert.Equal([255, 255, 255], drawn.Pixel(1, 0));
    }

    [Theory]
    [InlineData(new[] { 0, 1, 0 })]
    [InlineData(new[] { 0, 1, 0, -1 })]
    [InlineData(new[] { 0, 1, 0, 4 })]
    public void WithPalette_BadLabels_AreRefused(int[] labels) =>
        Assert.Throws<ArgumentException>(() => StructureMapPainting.WithPalette(labels, 2, 2, 4, 4));
}
