using Nvg.Granularity;
using Nvg.Granularity.Construction;
using Nvg.Imaging;

namespace Nvg.Tests.Granularity.Construction;

public class AreaSamplingTests
{
    [Theory]
    [InlineData(3, 2, 4, 4)]
    [InlineData(7, 5, 2, 4)]
    [InlineData(64, 64, 4, 4)]
    [InlineData(5, 33, 4, 2)]
    public void ChannelSums_OneColour_AreTheColourTimesTheArea(int width, int height, int rows, int columns)
    {
        var grid = new LatentGrid(rows, columns);
        var image = new RgbImage(width, height);
        for (int i = 0; i < image.Pixels.Length; i++)
            image.Pixels[i] = (byte)(10 + i % RgbImage.Channels);
        long area = AreaSampling.Area(image, grid);
        long[] expected = [.. Enumerable.Range(0, grid.Length).SelectMany(_ => new[] { 10 * area, 11 * area, 12 * area })];
        Assert.Equal(expected, AreaSampling.ChannelSums(image, grid));
    }

    [Fact]
    public void ChannelSums_PixelsAcrossPositions_CountByTheirShare()
    {
        // Three pixels in a row of two positions: the middle one belongs half to each. One row of pixels is cut from three.
        var image = new RgbImage(3, 3);
        byte[] row = [6, 0, 9, 2, 60, 0, 4, 0, 0];
        for (int y = 0; y < 3; y++)
            row.CopyTo(image.Row(y));
        var grid = new LatentGrid(1, 2);
        double area = AreaSampling.Area(image, grid);
        Assert.Equal(
            [(6 + 1) / 1.5, 30 / 1.5, 9 / 1.5, (1 + 4) / 1.5, 30 / 1.5, 0],
            AreaSampling.ChannelSums(image, grid).Select(sum => sum / area), (a, b) => Math.Abs(a - b) < 1e-12);
    }
}
