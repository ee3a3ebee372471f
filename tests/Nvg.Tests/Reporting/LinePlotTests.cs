using System.Globalization;
using System.Xml.Linq;
using Nvg.Reporting;

namespace Nvg.Tests.Reporting;

public class LinePlotTests
{
    [Theory]
    [InlineData(0, 10)]
    [InlineData(-3, 7)]
    [InlineData(0.001, 0.0013)]
    [InlineData(5, 5)]
    [InlineData(0, 0)]
    [InlineData(1e6, 3e9)]
    public void Ticks_LinearAxis_AreRoundEvenAndInside(double low, double high)
    {
        var axis = new PlotAxis([low, high], logarithmic: false);
        IReadOnlyList<double> ticks = axis.Ticks();
        Assert.InRange(ticks.Count, 3, 12);
        Assert.All(ticks, t => Assert.InRange(axis.At(t), -1e-9, 1 + 1e-9));
        double[] steps = [.. ticks.Zip(ticks.Skip(1), (a, b) => b - a)];
        Assert.All(steps, s => Assert.Equal(1, s / steps[0], 1e-6));
        double leading = steps[0] / Math.Pow(10, Math.Floor(Math.Log10(steps[0]) + 1e-9));
        Assert.Contains(Math.Round(leading, 6), new[] { 1.0, 2, 5 });
    }

    [Theory]
    [InlineData(1, 1000)]
    [InlineData(0.5, 20)]
    [InlineData(1e-8, 1e12)]
    [InlineData(90, 110)]
    [InlineData(3, 3)]
    public void Ticks_LogarithmicAxis_LieInsideAndRise(double low, double high)
    {
        var axis = new PlotAxis([low, high, 0, -1, double.NaN], logarithmic: true);
        IReadOnlyList<double> ticks = axis.Ticks();
        Assert.InRange(ticks.Count, 2, 12);
        Assert.All(ticks, t => Assert.InRange(axis.At(t), -1e-9, 1 + 1e-9));
        Assert.Equal(ticks.Order(), ticks);
    }

    [Fact]
    public void At_LogarithmicAxis_PutsEqualQuotientsEquallyFarApart()
    {
        var axis = new PlotAxis([1, 10000], logarithmic: true);
        Assert.Equal(axis.At(10) - axis.At(1), axis.At(1000) - axis.At(100), 1e-12);
        Assert.False(axis.Shows(0));
        Assert.False(axis.Shows(double.NaN));
    }

    [Fact]
    public void ToSvg_Points_LieWhereTheirValuesAre()
    {
        XElement svg = Plot(new PlotSeries("a", [(0, 0), (5, 5), (10, 10)])).ToSvg();
        (double X, double Y)[] points = [.. svg.Elements("circle").Select(c => (Number(c, "cx"), Number(c, "cy")))];
        Assert.Equal(3, points.Length);
        Assert.Equal((points[0].X + points[2].X) / 2, points[1].X, 0.02);
        Assert.Equal((points[0].Y + points[2].Y) / 2, points[1].Y, 0.02);
        Assert.True(points[0].X < points[2].X && points[0].Y > points[2].Y);
        Assert.Equal(
            points.Select(p => $"{p.X.ToString(CultureInfo.InvariantCulture)},{p.Y.ToString(CultureInfo.InvariantCulture)}"),
            svg.Elements("polyline").Single().Attribute("points")!.Value.Split(' '));
    }

    [Fact]
    public void ToSvg_PointsThatCannotBeShown_InterruptTheLine()
    {
        XElement svg = Plot(new PlotSeries("a", [(1, 1), (2, 2), (3, double.NaN), (4, 4), (5, 5), (6, double.PositiveInfinity)])).ToSvg();
        Assert.Equal(2, svg.Elements("polyline").Count());
        Assert.Equal(4, svg.Elements("circle").Count());
        XElement none = Plot(new PlotSeries("a", [])).ToSvg();
        Assert.Empty(none.Elements("circle"));
    }

    [Fact]
    public void ToSvg_OneOrSeveralNames_HaveALegendOnlyIfNeeded()
    {
        Assert.Empty(Plot(new PlotSeries("a", [(1, 1)])).ToSvg().Elements("rect"));
        XElement svg = Plot(new PlotSeries("a", [(1, 1)]), new PlotSeries("", [(1, 1)]), new PlotSeries("b", [(2, 2)])).ToSvg();
        Assert.Equal(2, svg.Elements("rect").Count());
        Assert.Equal(svg.Elements("circle").Last().Attribute("fill")!.Value, svg.Elements("rect").Last().Attribute("fill")!.Value);
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(0.25, "0.25")]
    [InlineData(1000, "1000")]
    [InlineData(2e6, "2e6")]
    [InlineData(5e-7, "5e-7")]
    [InlineData(-1.5e9, "-1.5e9")]
    public void Format_Numbers_AreShort(double value, string expected) => Assert.Equal(expected, PlotAxis.Format(value));

    private static LinePlot Plot(params PlotSeries[] series) => new() { Title = "t", XLabel = "x", YLabel = "y", Series = series };

    private static double Number(XElement element, string name) =>
        double.Parse(element.Attribute(name)!.Value, CultureInfo.InvariantCulture);
}
