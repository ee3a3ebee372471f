using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using Nvg.Imaging;
using Nvg.Torch.Files;

namespace Nvg.Reporting;

/// <summary>
/// A self-contained HTML report with text, tables, images and plots. It requires no network access, scripts or other files, and is
/// well-formed XML.
/// </summary>
public sealed class HtmlReport
{
    // HTML does not unescape the content of a style element, so this must not contain &, < or >.
    private const string Style = """
        body { font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
        h1 { font-size: 1.7rem; margin: 0 0 .2rem; }
        h2 { font-size: 1.2rem; margin: 2.2rem 0 .5rem; border-bottom: 1px solid #ddd; padding-bottom: .2rem; }
        .when { color: #666; margin: 0; } p { max-width: 46rem; }
        table { border-collapse: collapse; margin: .8rem 0; font-variant-numeric: tabular-nums; }
        caption { text-align: left; color: #555; padding-bottom: .3rem; }
        th, td { padding: .25rem .8rem; border-bottom: 1px solid #e6e6e6; text-align: right; }
        th { border-bottom: 1px solid #999; font-weight: 600; }
        th:first-child, td:first-child { text-align: left; } table.settings td { text-align: left; }
        figure { margin: 1rem 0; } figcaption { color: #555; font-size: .9rem; max-width: 46rem; }
        figure.plot { display: inline-block; width: 49%; vertical-align: top; } @media (max-width: 50rem) { figure.plot { width: 100%; } }
        img { max-width: 100%; height: auto; image-rendering: pixelated; } svg { max-width: 100%; height: auto; }
        pre { background: #f6f6f6; padding: .7rem .9rem; overflow-x: auto; white-space: pre-wrap; } section { margin-bottom: 1.5rem; }
        """;

    private readonly XElement _body;
    private XElement _section;

    /// <param name="title">Heading of the report.</param>
    /// <param name="when">Time of the report, or null to omit it.</param>
    public HtmlReport(string title, DateTimeOffset? when = null)
    {
        Title = title;
        _body = new XElement("body", new XElement("h1", Clean(title)));
        if (when is { } time)
        {
            string text = time.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
            _body.Add(new XElement("p", new XAttribute("class", "when"), text));
        }

        _section = _body;
    }

    /// <summary>Heading of the report.</summary>
    public string Title { get; }

    /// <summary>Begins a section, which receives everything added until the next one.</summary>
    /// <returns>This report, like every method that adds something.</returns>
    public HtmlReport Section(string title)
    {
        _section = new XElement("section", new XElement("h2", Clean(title)));
        _body.Add(_section);
        return this;
    }

    /// <summary>Adds a paragraph of plain text.</summary>
    public HtmlReport Paragraph(string text) => Add(new XElement("p", Clean(text)));

    /// <summary>Adds preformatted text, such as the command that made the report.</summary>
    public HtmlReport Code(string text) => Add(new XElement("pre", Clean(text)));

    /// <summary>Adds a table.</summary>
    /// <param name="headings">Column headings; columns after the first are right-aligned.</param>
    /// <param name="rows">Rows with one cell per heading.</param>
    /// <param name="caption">Caption above the table, or null.</param>
    /// <exception cref="ArgumentException">A row has a different number of cells.</exception>
    public HtmlReport Table(IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string>> rows, string? caption = null)
    {
        var table = new XElement("table");
        if (caption is not null)
            table.Add(new XElement("caption", Clean(caption)));
        table.Add(new XElement("thead", new XElement("tr", headings.Select(h => new XElement("th", Clean(h))))));
        var body = new XElement("tbody", "");
        foreach (IReadOnlyList<string> row in rows)
        {
            if (row.Count != headings.Count)
                throw new ArgumentException($"a row has {row.Count} cells, but the table has {headings.Count} columns", nameof(rows));
            body.Add(new XElement("tr", row.Select(cell => new XElement("td", Clean(cell)))));
        }

        table.Add(body);
        return Add(table);
    }

    /// <summary>Adds names and values, such as settings and versions.</summary>
    public HtmlReport Settings(IEnumerable<KeyValuePair<string, string>> settings)
    {
        IEnumerable<XElement> rows = settings.Select(s =>
            new XElement("tr", new XElement("td", Clean(s.Key)), new XElement("td", Clean(s.Value))));
        return Add(new XElement("table", new XAttribute("class", "settings"), new XElement("tbody", "", rows)));
    }

    /// <summary>Adds an image, embedded as PNG.</summary>
    /// <param name="image">The image.</param>
    /// <param name="caption">Caption below the image.</param>
    public HtmlReport Image(RgbImage image, string caption) => Add(Figure(
        new XElement(
            "img", new XAttribute("width", image.Width), new XAttribute("height", image.Height), new XAttribute("alt", Clean(caption)),
            new XAttribute("src", "data:image/png;base64," + Convert.ToBase64String(ImageFile.Encode(image, ImageFormat.Png)))),
        caption));

    /// <summary>Adds images side by side, as far as the page width allows.</summary>
    /// <param name="images">The images with the caption below each.</param>
    public HtmlReport SideBySide(IEnumerable<(RgbImage Image, string Caption)> images)
    {
        foreach ((RgbImage image, string caption) in images)
        {
            Image(image, caption);
            _section.Elements().Last().Add(new XAttribute("class", "plot"));
        }

        return this;
    }

    /// <summary>Adds a plot.</summary>
    /// <param name="plot">The plot.</param>
    /// <param name="caption">Caption below the plot, or null.</param>
    public HtmlReport Plot(LinePlot plot, string? caption = null)
    {
        XElement figure = Figure(plot.ToSvg(), caption);
        figure.Add(new XAttribute("class", "plot"));
        return Add(figure);
    }

    /// <summary>The text of the file.</summary>
    public string ToHtml()
    {
        var html = new XElement(
            "html", new XAttribute("lang", "en"),
            new XElement(
                "head", new XElement("meta", new XAttribute("charset", "utf-8")), new XElement("title", Clean(Title)),
                new XElement("style", Style)),
            _body);
        var text = new StringBuilder("<!DOCTYPE html>\n");
        // Not indented, so that white space inside <pre> and between cells is preserved.
        var settings = new XmlWriterSettings { OmitXmlDeclaration = true, NewLineHandling = NewLineHandling.None };
        using (var writer = XmlWriter.Create(text, settings))
            html.WriteTo(writer);
        return text.Append('\n').ToString();
    }

    /// <summary>Writes the file atomically.</summary>
    /// <param name="path">The file; replaced if it exists.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Write(string path) => AtomicFile.Write(path, Encoding.UTF8.GetBytes(ToHtml()));

    private static XElement Figure(XElement content, string? caption) =>
        new("figure", content, caption is null ? null : new XElement("figcaption", Clean(caption)));

    private HtmlReport Add(XElement element)
    {
        _section.Add(element);
        return this;
    }

    /// <summary>
    /// Removes characters that XML cannot contain. The result is never null, so that no element is written as an empty tag, which HTML
    /// parsers would read as an opening tag.
    /// </summary>
    internal static string Clean(string text) => text.All(XmlConvert.IsXmlChar)
        ? text
        : string.Concat(text.EnumerateRunes().Where(r => r.Value > 0xFFFF || XmlConvert.IsXmlChar((char)r.Value)));
}
