using Nvg.Data.Loading;
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

    [Fact]
    public void Header_BeforeTheImage_IsRead()
    {
        using var folder = new TemporaryFolder();
        folder.Write("a.png", ImageFile.Encode(Images.Gradient(12, 10), ImageFormat.Png));
        Assert.Equal(new ImageHeader(12, 10, false), SquareSource.Entries([folder["a.png"]], 8).Single().Header!());
    }
}
