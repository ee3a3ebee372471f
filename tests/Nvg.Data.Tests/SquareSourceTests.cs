using Nvg.Data.Loading;
using Nvg.Data.Packing;
using Nvg.Data.Sources;
using Nvg.Imaging;

namespace Nvg.Data.Tests;

public class SquareSourceTests
{
    [Fact]
    public void Header_AfterTheImage_NeedsNoSecondRead()
    {
        using var folder = new TemporaryFolder();
        foreach (string source in new[] { "d", "d/a.png" })
        {
            folder.Write("d/a.png", ImageFile.Encode(Images.Gradient(12, 10), ImageFormat.Png));
            SquareEntry entry = Assert.Single(SquareSource.Entries([folder[source]], 8));
            Assert.Equal((8, 8), (entry.Read().Width, entry.Read().Height));
            File.Delete(folder["d/a.png"]);
            Assert.Equal(new ImageHeader(12, 10, false), entry.Header!());
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Entries_OfADataSet_AreTheSquaresOfItsFiles(bool keepFiles)
    {
        using var folder = new TemporaryFolder();
        for (int i = 0; i < 3; i++)
            folder.Write($"in/a/{i}.png", ImageFile.Encode(Images.Gradient(40 + i, 30 - i, 50 * i), ImageFormat.Png));
        await Preparation.RunAsync(
            ImageSource.Open(folder["in"]), folder["out"], new PreparationOptions { Size = 16, KeepFiles = keepFiles, Threads = 1 });
        byte[][] Squares(string name) => [.. SquareSource.Entries([folder[name]], 16).Select(entry => entry.Read().Pixels)];
        Assert.Equal(Squares("in"), Squares("out"));
        Assert.Equal(Squares("in"), ImageSet.Open(folder["out"]).Images().Select(image => image.Pixels));
    }

    [Fact]
    public void Header_BeforeTheImage_IsRead()
    {
        using var folder = new TemporaryFolder();
        folder.Write("a.png", ImageFile.Encode(Images.Gradient(12, 10), ImageFormat.Png));
        Assert.Equal(new ImageHeader(12, 10, false), SquareSource.Entries([folder["a.png"]], 8).Single().Header!());
    }
}
