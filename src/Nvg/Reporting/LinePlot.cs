using System.Globalization;
using System.Xml.Linq;

namespace Nvg.Reporting;

/// <summary>A plot of lines and points, drawn as SVG.</summary>
public sealed record LinePlot
{
    private const int Width = 640, Height = 380, Left = 72, Right = 18, Top = 34, Bottom = 52;
    private const int LegendRow = 18, TextSize = 12;

    // Palette for readers with colour vision deficiency (Okabe and Ito 2008).
    private static readonly string[] Colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#8a8a00"];

    /// <summary>Heading of the plot.</summary>
    public required string Title { get; init; }

    /// <summary>Label of the horizontal axis, with its unit.</summary>
    public required string XLabel { get; init; }

    /// <summary>Label of the vertical axis, with its unit.</summary>
    public required string YLabel { get; init; }

    /// <summary>The lines.</summary>
    public required IReadOnlyList<PlotSeries> Series { get; init; }

    /// <summary>Whether the horizontal axis is logarithmic.</summary>
    public bool LogarithmicX { get; init; }

    /// <summary>Whether the vertical axis is logarithmic.</summary>
    public bool LogarithmicY { get; init; }

    /// <summary>Draws the plot as an element to embed in HTML.</summary>
    public XElement ToSvg()
    {
        var x = new PlotAxis(Series.SelectMany(s => s.Points).Select(p => p.X), LogarithmicX);
        var y = new PlotAxis(Series.SelectMany(s => s.Points).Select(p => p.Y), LogarithmicY);
        PlotSeries[] named = [.. Series.Where(s => s.Name.Length > 0)];
        int height = Height + LegendRow * (named.Length > 1 ? named.Length : 0);
        var svg = new XElement(
            "svg", new XAttribute("width", Width), new XAttribute("height", height), new XAttribute("viewBox", $"0 0 {Width} {height}"),
            new XAttribute("font-family", "system-ui, sans-serif"), new XAttribute("font-size", TextSize), new XAttribute("role", "img"),
            new XElement("title", HtmlReport.Clean(Title)));
        svg.Add(Text(Width / 2.0, Top / 2.0 + 3, Title, "middle", ("font-weight", "600")));
        DrawAxes(svg, x, y);
        for (int i = 0; i < Series.Count; i++)
            DrawSeries(svg, Series[i], Colours[i % Colours.Length], x, y);
        if (named.Length > 1)
            DrawLegend(svg, named);
        return svg;
    }

    private void DrawAxes(XElement svg, PlotAxis x, PlotAxis y)
    {
        foreach (double tick in x.Ticks())
        {
            svg.Add(Line(PlaceX(x, tick), Top, PlaceX(x, tick), Height - Bottom, "#e4e4e4"));
            svg.Add(Text(PlaceX(x, tick), Height - Bottom + 16, PlotAxis.Format(tick), "middle"));
        }

        foreach (double tick in y.Ticks())
        {
            svg.Add(Line(Left, PlaceY(y, tick), Width - Right, PlaceY(y, tick), "#e4e4e4"));
            svg.Add(Text(Left - 6, PlaceY(y, tick) + 4, PlotAxis.Format(tick), "end"));
        }

        svg.Add(Line(Left, Height - Bottom, Width - Right, Height - Bottom, "#444"));
        svg.Add(Line(Left, Top, Left, Height - Bottom, "#444"));
        svg.Add(Text((Left + Width - Right) / 2.0, Height - Bottom + 38, XLabel, "middle"));
        double middle = (Top + Height - Bottom) / 2.0;
        svg.Add(Text(16, middle, YLabel, "middle", ("transform", $"rotate(-90 16 {Number(middle)})")));
    }

    private static void DrawSeries(XElement svg, PlotSeries series, string colour, PlotAxis x, PlotAxis y)
    {
        var run = new List<string>();
        for (int i = 0; i <= series.Points.Count; i++)
        {
            bool shown = i < series.Points.Count && x.Shows(series.Points[i].X) && y.Shows(series.Points[i].Y);
            if (!shown)
            {
                if (series.HasLine && run.Count > 1)
                {
                    string points = string.Join(' ', run);
                    svg.Add(Shape("polyline", ("points", points), ("fill", "none"), ("stroke", colour), ("stroke-width", "1.8")));
                }

                run.Clear();
                continue;
            }

            (double px, double py) = (PlaceX(x, series.Points[i].X), PlaceY(y, series.Points[i].Y));
            run.Add($"{Number(px)},{Number(py)}");
            if (series.HasMarkers)
                svg.Add(Shape("circle", ("cx", Number(px)), ("cy", Number(py)), ("r", "3.2"), ("fill", colour)));
            if (series.PointLabels is { } labels && i < labels.Count)
                svg.Add(Text(px + 6, py - 6, labels[i], "start", ("fill", "#555")));
        }
    }

    private void DrawLegend(XElement svg, PlotSeries[] named)
    {
        for (int row = 0; row < named.Length; row++)
        {
            string colour = Colours[Series.Index().First(s => ReferenceEquals(s.Item, named[row])).Index % Colours.Length];
            double y = Height + LegendRow * row + 4;
            svg.Add(Shape("rect", ("x", Number(Left)), ("y", Number(y - 6)), ("width", "18"), ("height", "4"), ("fill", colour)));
            svg.Add(Text(Left + 26, y, named[row].Name, "start"));
        }
    }

    private static double PlaceX(PlotAxis axis, double value) => Left + axis.At(value) * (Width - Left - Right);

    private static double PlaceY(PlotAxis axis, double value) => Height - Bottom - axis.At(value) * (Height - Top - Bottom);

    private static XElement Line(double x1, double y1, double x2, double y2, string colour) =>
        Shape("line", ("x1", Number(x1)), ("y1", Number(y1)), ("x2", Number(x2)), ("y2", Number(y2)), ("stroke", colour));

    private static XElement Text(double x, double y, string text, string anchor, params (string Name, string Value)[] more)
    {
        XElement element = Shape("text", [("x", Number(x)), ("y", Number(y)), ("text-anchor", anchor), .. more]);
        element.Add(HtmlReport.Clean(text));
        return element;
    }

    private static XElement Shape(string name, params (string Name, string Value)[] attributes) =>
        new(name, attributes.Select(a => new XAttribute(a.Name, a.Value)));

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
