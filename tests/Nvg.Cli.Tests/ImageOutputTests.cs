using Nvg.Cli.Output;
using Nvg.Cli.Terminal;

namespace Nvg.Cli.Tests;

public class ImageOutputTests
{
    [Theory]
    [InlineData("a.png", 2000, 0, true)]
    [InlineData("a.webp", 100, 0, true)]
    [InlineData("a.webp", 200, 0, false)]
    [InlineData("a.jpg", 400, 0, true)]
    [InlineData("a.jpg", 600, 0, false)]
    [InlineData("a.gif", 2000, 9, false)]
    [InlineData("a.webp", 100, 9, true)]
    [InlineData("a.webp", 500, 9, false)]
    public void RequireSheet_LongerSideThanTheFormatHolds_IsWrongUsage(string target, int count, int stages, bool fits)
    {
        // One image of 32 × 32 to a row, which is up to 130 pixels high.
        Exception? error = Record.Exception(() => ImageOutput.RequireSheet(target, count, 32, new SheetStyle(Columns: 1), stages));
        Assert.Equal(fits, error is null);
        Assert.True(fits || error is UsageException);
    }
}
