namespace Nvg.Reporting;

/// <summary>One line of a <see cref="LinePlot"/>.</summary>
/// <param name="Name">Name in the legend; empty to omit it there.</param>
/// <param name="Points">Points in order. Points that are not finite, or not positive on a logarithmic axis, interrupt the line.</param>
public sealed record PlotSeries(string Name, IReadOnlyList<(double X, double Y)> Points)
{
    /// <summary>Whether points are connected by a line.</summary>
    public bool HasLine { get; init; } = true;

    /// <summary>Whether points have markers.</summary>
    public bool HasMarkers { get; init; } = true;

    /// <summary>Text beside each point, or null.</summary>
    public IReadOnlyList<string>? PointLabels { get; init; }
}
