using System.Text.RegularExpressions;
using System.Xml.Linq;
using Nvg.Imaging;
using Nvg.Reporting;

namespace Nvg.Tests.Reporting;

public sealed partial class HtmlReportTests : IDisposable
{
    private const string Awkward = "a < b & \"c\" > 'd' </td><script>alert(1)</script> \u0001 ½ 🙂";

    private static readonly string[] Void = ["meta", "img", "line", "circle", "rect", "polyline"];

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void ToHtml_Everything_IsWellFormedAndHoldsWhatItWasGiven()
    {
        XElement html = Parse(Full().ToHtml());
        Assert.Equal(["First", Awkward.Replace("\u0001", "", StringComparison.Ordinal)], html.Descendants("h2").Select(h => h.Value));
        Assert.Empty(html.Descendants("script"));
        Assert.Equal(["1", "x < y", "", "2"], html.Descendants("table").First().Descendants("td").Select(c => c.Value));
        Assert.Equal("./nvg evaluate  x\n  --y", html.Descendants("pre").Single().Value);
        Assert.Equal("2026-01-02 03:04 UTC", html.Descendants("p").First().Value);
    }

    [Fact]
    public void ToHtml_Everything_RefersToNothingOutside()
    {
        string text = Full().ToHtml();
        Assert.DoesNotContain("http", text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("url(", text, StringComparison.Ordinal);
        Assert.DoesNotContain("@import", text, StringComparison.Ordinal);
        Assert.DoesNotContain("<link", text, StringComparison.Ordinal);
        XElement html = Parse(text);
        Assert.All(html.Descendants().Attributes().Where(a => a.Name.LocalName is "src" or "href"), a => Assert.StartsWith(
            "data:", a.Value, StringComparison.Ordinal));
        // HTML does not unescape what stands in <style>.
        Assert.DoesNotMatch("[<>&]", html.Descendants("style").Single().Value);
    }

    [Fact]
    public void ToHtml_EmptyElements_AreClosedAsHtmlReadsThem()
    {
        string text = new HtmlReport("").Section("").Paragraph("").Code("").Table([""], [[""]]).Table(["a"], []).Settings([]).ToHtml();
        Assert.All(SelfClosed().Matches(text), m => Assert.Contains(m.Groups[1].Value, Void));
        Assert.DoesNotContain(Parse(text).Descendants(), e => e.IsEmpty && !Void.Contains(e.Name.LocalName));
    }

    [Fact]
    public void Image_PngInside_IsTheImage()
    {
        RgbImage image = Images.Gradient(9, 5, shade: 7);
        string source = Parse(new HtmlReport("t").Image(image, "caption").ToHtml()).Descendants("img").Single().Attribute("src")!.Value;
        RgbImage read = ImageFile.Decode(Convert.FromBase64String(source["data:image/png;base64,".Length..]), "inside");
        Assert.Equal(image.Pixels, read.Pixels);
    }

    [Fact]
    public void Table_RowOfAnotherLength_IsRefused() =>
        Assert.Throws<ArgumentException>(() => new HtmlReport("t").Table(["a", "b"], [["1"]]));

    [Fact]
    public void Write_File_IsUtf8()
    {
        Full().Write(_folder["r.html"]);
        Assert.Equal(Full().ToHtml(), System.Text.Encoding.UTF8.GetString(File.ReadAllBytes(_folder["r.html"])));
    }

    public void Dispose() => _folder.Dispose();

    private static HtmlReport Full() => new HtmlReport("Report " + Awkward, new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero))
        .Section("First").Paragraph(Awkward).Table(["name", "value"], [["1", "x < y"], ["", "2"]], Awkward)
        .Section(Awkward).Settings([new(Awkward, Awkward)]).Code("./nvg evaluate  x\n  --y").Image(Images.Gradient(4, 4), Awkward)
        .Plot(new LinePlot
        {
            Title = Awkward,
            XLabel = Awkward,
            YLabel = Awkward,
            Series = [
            new(Awkward, [(1, 2), (3, 4)]), new("b", [(1, 1)])]
        }, Awkward);

    private static XElement Parse(string html)
    {
        Assert.StartsWith("<!DOCTYPE html>\n", html, StringComparison.Ordinal);
        return XElement.Parse(html["<!DOCTYPE html>\n".Length..], LoadOptions.PreserveWhitespace);
    }

    [GeneratedRegex("<([a-z0-9]+)[^>]*/>")]
    private static partial Regex SelfClosed();
}
