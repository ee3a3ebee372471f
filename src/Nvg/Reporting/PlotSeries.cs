namespace Nvg.Reporting;

/// <summary>One line of a <see cref="LinePlot"/>.</summary>
/// <param name="Name">As the legend says; empty to leave it out of the legend.</param>
/// <param name="Points">In the order of the line. Points that are not finite, or not positive on a logarithmic axis, interrupt it.</param>
public sealed record PlotSeries(string Name, IReadOnlyList<(double X, double Y)> Points)
{
    /// <summary>Whether points are joined.</summary>
    public bool HasLine { get; init; } = true;

    /// <summary>Whether points are marked.</summary>
    public bool HasMarkers { get; init; } = true;

    /// <summary>Text beside each point, or null.</summary>
    public IReadOnlyList<string>? PointLabels { get; init; }
}
