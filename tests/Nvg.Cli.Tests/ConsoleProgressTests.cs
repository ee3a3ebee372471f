using System.Text.Json;
using Nvg.Cli.Terminal;

namespace Nvg.Cli.Tests;

[Collection("console")]
public class ConsoleProgressTests
{
    [Fact]
    public async Task Report_Json_IsAnObjectPerLine()
    {
        string shown = await ShownAsync(ProgressMode.Json, progress => progress.Report("3 of 12 images", 0.25));
        using JsonDocument line = JsonDocument.Parse(Assert.Single(shown.TrimEnd().Split('\n')));
        Assert.Equal("testing", line.RootElement.GetProperty("work").GetString());
        Assert.Equal("3 of 12 images", line.RootElement.GetProperty("state").GetString());
        Assert.Equal(0.25, line.RootElement.GetProperty("share").GetDouble());
    }

    [Theory]
    [InlineData("none")]
    [InlineData("plain")]
    public async Task Report_ShortWorkOrNone_ShowsNothing(string mode) =>
        Assert.Equal(
            "", await ShownAsync(Enum.Parse<ProgressMode>(mode, ignoreCase: true), progress => progress.Report("1 of 2 images", 0.5)));

    [Fact]
    public async Task Report_ErrorOutputIsGone_TheWorkGoesOn()
    {
        TextWriter before = Console.Error;
        try
        {
            using var gone = new FullDisk();
            Console.SetError(new TolerantWriter(gone));
            ConsoleProgress.Mode = ProgressMode.Json;
            Assert.Equal(7, await ConsoleProgress.ShowAsync("testing", progress =>
            {
                progress.Report("1 of 2 images", 0.5);
                return Task.FromResult(7);
            }));
        }
        finally
        {
            ConsoleProgress.Mode = ProgressMode.Auto;
            Console.SetError(before);
        }
    }

    private static async Task<string> ShownAsync(ProgressMode mode, Action<ConsoleProgress> report)
    {
        TextWriter before = Console.Error;
        using var captured = new StringWriter();
        try
        {
            Console.SetError(captured);
            ConsoleProgress.Mode = mode;
            await ConsoleProgress.ShowAsync("testing", progress =>
            {
                report(progress);
                return Task.FromResult(0);
            });
            return captured.ToString();
        }
        finally
        {
            ConsoleProgress.Mode = ProgressMode.Auto;
            Console.SetError(before);
        }
    }

    private sealed class FullDisk : StringWriter
    {
        public override void Write(string? value) => throw new IOException("No space left on device");

        public override void Flush() => throw new IOException("No space left on device");
    }
}
