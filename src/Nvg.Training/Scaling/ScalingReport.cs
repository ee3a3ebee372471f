using System.Globalization;
using Nvg.Reporting;

namespace Nvg.Training.Scaling;

/// <summary>The loss of several runs over parameters and compute: fits, tables and plots.</summary>
public sealed class ScalingReport
{
    private const int CurvePoints = 60;

    private readonly IReadOnlyList<TrainingCurve> _runs;

    /// <param name="runs">At least one run.</param>
    public ScalingReport(IReadOnlyList<TrainingCurve> runs)
    {
        if (runs.Count == 0)
            throw new ArgumentException("at least one run is needed", nameof(runs));
        _runs = runs;
        ParameterPoints = [.. runs.Select(r => ((double)r.Parameters, r.FinalLoss))];
        Envelope = LowerEnvelope(runs);
        OverParameters = PowerLaw.Fit(ParameterPoints);
        OverCompute = PowerLaw.Fit(Envelope);
    }

    /// <summary>Parameters and final loss of each run.</summary>
    public IReadOnlyList<(double X, double Y)> ParameterPoints { get; }

    /// <summary>
    /// The lower envelope of the smoothed losses (<see cref="TrainingCurve.Smoothed"/>) of all runs over compute. Losses are
    /// smoothed, because with single log lines the envelope would follow the lowest outliers.
    /// </summary>
    public IReadOnlyList<(double X, double Y)> Envelope { get; }

    /// <summary>Fit of the final loss over parameters; null with fewer than three sizes or a loss that does not fall.</summary>
    public PowerLawFit? OverParameters { get; }

    /// <summary>Fit of the envelope over compute; null if it is too short.</summary>
    public PowerLawFit? OverCompute { get; }

    /// <summary>Column headings of the table of runs.</summary>
    public static IReadOnlyList<string> Headings { get; } = ["run", "parameters", "operations", "final loss"];

    /// <summary>One row per run.</summary>
    public IEnumerable<IReadOnlyList<string>> Rows() => _runs.Select(r => (IReadOnlyList<string>)
    [
        r.Name,
        r.Parameters.ToString(CultureInfo.InvariantCulture),
        r.Points[^1].Compute.ToString("E3", CultureInfo.InvariantCulture),
        r.FinalLoss.ToString("F4", CultureInfo.InvariantCulture),
    ]);

    /// <summary>Describes a fit, or why there is none.</summary>
    public static string Describe(PowerLawFit? fit) => fit?.ToString()
        ?? $"no fit: it needs {PowerLaw.FewestPoints} different positions and a decreasing value";

    /// <summary>The plots: loss over parameters and loss over compute.</summary>
    public IEnumerable<LinePlot> Plots()
    {
        yield return new LinePlot
        {
            Title = "Final loss over parameters",
            XLabel = "parameters of both generators",
            YLabel = "loss",
            LogarithmicX = true,
            Series =
            [
                new("runs", ParameterPoints) { HasLine = false, PointLabels = [.. _runs.Select(r => r.Name)] },
                .. Curve(OverParameters, ParameterPoints),
            ],
        };
        yield return new LinePlot
        {
            Title = "Loss over training compute",
            XLabel = "floating-point operations (6 × parameters × positions)",
            YLabel = "loss",
            LogarithmicX = true,
            Series = [.. _runs.Select(r => new PlotSeries(r.Name, r.Points) { HasMarkers = false }), .. Curve(OverCompute, Envelope)],
        };
    }

    private static IEnumerable<PlotSeries> Curve(PowerLawFit? fit, IReadOnlyList<(double X, double Y)> over)
    {
        if (fit is null)
            yield break;
        (double low, double high) = (Math.Log(over.Min(p => p.X)), Math.Log(over.Max(p => p.X)));
        (double X, double Y)[] curve = [.. Enumerable.Range(0, CurvePoints)
            .Select(i => Math.Exp(low + (high - low) * i / (CurvePoints - 1)))
            .Select(x => (x, fit.Law.At(x)))];
        yield return new PlotSeries($"fit {fit.Formula}", curve) { HasMarkers = false };
    }

    private static List<(double X, double Y)> LowerEnvelope(IReadOnlyList<TrainingCurve> runs)
    {
        var envelope = new List<(double X, double Y)>();
        foreach ((double compute, double loss) in runs.SelectMany(r => r.Smoothed()).OrderBy(p => p.Compute).ThenBy(p => p.Loss))
        {
            if (envelope.Count == 0 || loss < envelope[^1].Y)
                envelope.Add((compute, loss));
        }

        return envelope;
    }
}
