using System.Globalization;
using System.Xml.Linq;
using Nvg.Imaging;
using Nvg.Training.Optimization;
using Nvg.Training.Runs;

namespace Nvg.Training.Tests;

public sealed class RunReportTests : IDisposable
{
    private static readonly DateTimeOffset When = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Make_WholeRun_ShowsCurvesUsageImagesSettingsAndEnvironment()
    {
        WriteRun(lines: 1000, images: 20);
        XElement page = Page();
        string[] sections = [.. page.Descendants("h2").Select(h => h.Value)];
        Assert.Equal(["Summary", "Curves", "Codebook", "Images over time", "Settings", "Environment", "Log"], sections);
        string[] plots = [.. page.Descendants("svg").Select(svg => svg.Element("title")!.Value)];
        Assert.Equal(["loss", "ce per stage", "learning rate", "speed", "memory", "codebook usage", "codebook perplexity"], plots);

        // 1,000 lines are drawn as means of three neighbours.
        XElement loss = page.Descendants("svg").First();
        Assert.Equal((1000 + 2) / 3, loss.Descendants("polyline").Single().Attribute("points")!.Value.Split(' ').Length);

        string[] captions = [.. Section(page, "Images over time").Descendants("figcaption").Select(c => c.Value)];
        Assert.Equal(8, captions.Length);
        Assert.Equal(("step 10", "step 200"), (captions[0], captions[^1]));

        string[][] usage = [
            .. Section(page, "Codebook").Descendants("tr").Select(row => row.Elements().Select(cell => cell.Value).ToArray())];
        Assert.Equal([["stage", "usage", "perplexity"], ["0", "0.25", "4"], ["1", "0.5", "9"]], usage);
        Assert.Contains(Section(page, "Settings").Descendants("tr"), row => row.Value == "training.steps10000");
        Assert.Contains(Section(page, "Environment").Descendants("tr"), row => row.Value == "libtorch1.13.0");
        Assert.Contains(
            "step 1000 of 10000",
            "step " + Section(page, "Summary").Descendants("tr").First().Elements().Last().Value,
            StringComparison.Ordinal);
        // One file: nothing is fetched from elsewhere.
        Assert.All(
            page.Descendants("img"),
            img => Assert.StartsWith("data:image/png;base64,", img.Attribute("src")!.Value, StringComparison.Ordinal));
        Assert.Empty(page.Descendants("script"));
        Assert.Empty(page.Descendants("link"));
    }

    [Fact]
    public void Make_RunUnderWay_LeavesOutWhatIsNotThere()
    {
        Directory.CreateDirectory(_folder["run"]);
        File.WriteAllText(_folder["run/stats.jsonl"], "{\"step\":5,\"epoch\":0.1,\"loss\":2,\"broken\":\"NaN\"}\n{\"step\":10,\"los");
        XElement page = Page();
        Assert.Equal(["Summary", "Curves"], page.Descendants("h2").Select(h => h.Value));
        Assert.Equal(["loss"], page.Descendants("svg").Select(svg => svg.Element("title")!.Value));
        Assert.Contains("NaN", Section(page, "Summary").Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Make_NoRun_SaysWhatIsMissing()
    {
        Assert.Contains(
            "stats.jsonl",
            Assert.Throws<NvgDataException>(() => RunReport.Make(_folder["nothing"], When)).Message,
            StringComparison.Ordinal);
        Directory.CreateDirectory(_folder["run"]);
        File.WriteAllText(_folder["run/stats.jsonl"], "");
        Assert.Contains(
            "has no log line yet",
            Assert.Throws<NvgDataException>(() => RunReport.Make(_folder["run"], When)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ce_3", "ce", 3)]
    [InlineData("codebook_usage_0", "codebook_usage", 0)]
    [InlineData("gradient_norm", "gradient_norm", null)]
    [InlineData("loss", "loss", null)]
    [InlineData("_3", "_3", null)]
    public void StagedTerm_Of_SplitsTheStageOff(string key, string name, int? stage) =>
        Assert.Equal(new StagedTerm(name, stage), StagedTerm.Of(key));

    public void Dispose() => _folder.Dispose();

    private XElement Page()
    {
        string html = RunReport.Make(_folder["run"], When).ToHtml();
        return XElement.Parse(html[(html.IndexOf('\n', StringComparison.Ordinal) + 1)..], LoadOptions.PreserveWhitespace);
    }

    private static XElement Section(XElement page, string title) =>
        page.Descendants("section").Single(s => s.Element("h2")!.Value == title);

    private void WriteRun(int lines, int images)
    {
        Directory.CreateDirectory(_folder["run/images"]);
        File.WriteAllLines(_folder["run/stats.jsonl"], Enumerable.Range(1, lines).Select(i => string.Create(CultureInfo.InvariantCulture,
            $$"""{"step":{{i}},"epoch":{{i / 10.0}},"learningRate":0.001,"imagesPerSecond":{{100 + i % 7}},"memoryMiB":512"""
            + $$""","loss":{{1.0 / i}},"ce_0":{{2.0 / i}},"ce_1":{{3.0 / i}}"""
            + $$""","codebook_usage_0":0.25,"codebook_usage_1":0.5,"codebook_perplexity_0":4,"codebook_perplexity_1":9}""")));
        for (int i = 1; i <= images; i++)
            ImageFile.Write(_folder[$"run/images/step-{10 * i:D8}.png"], new RgbImage(4, 4));
        File.WriteAllText(_folder["run/options.json"], """{ "name": "tiny", "training": { "steps": 10000, "batchSize": 4 } }""");
        File.WriteAllText(_folder["run/environment.json"], """{ "libtorch": "1.13.0" }""");
        File.WriteAllText(_folder["run/log.txt"], "training starts\n");
    }
}
