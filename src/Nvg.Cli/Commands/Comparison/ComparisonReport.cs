using Nvg.Cli.Terminal;
using Nvg.Evaluation.Comparison;
using Nvg.Evaluation.Metrics;
using Nvg.Imaging;
using Nvg.Reporting;

namespace Nvg.Cli.Commands.Comparison;

/// <summary>Writes a comparison of models as one HTML file.</summary>
internal static class ComparisonReport
{
    private const string None = "–";

    internal static readonly string[] CostHeadings =
    [
        "model", "parameters", "passes", "TFLOP per image", "seconds per image", "peak MiB", "tokens", "bits", "PSNR (dB)", "SSIM",
        "codes used",
    ];

    internal static void Write(string file, IReadOnlyList<ComparedEntry> entries, ComparisonOptions options, string precision)
    {
        var page = new HtmlReport($"{string.Join(", ", entries.Select(e => e.Name))}: side by side", DateTimeOffset.UtcNow);
        page.Section("Images").Paragraph(
            $"For models, one row per class, the same classes and seeds {options.Seed} to {options.Seed + (ulong)options.Shown - 1} for "
            + "all. For samples only, evenly chosen images. Uncurated.");
        page.SideBySide(entries.Select(entry => (Grid(entry), $"{entry.Name}, of {entry.Images:N0} images")));
        if (entries.Any(e => e.Samples is not null))
            AddMetrics(page, entries);
        page.Section("Cost and reconstruction").Table(CostHeadings, CostRows(entries)).Paragraph(
            $"Measured on this machine ({precision}). Seconds include decoding. Passes and operations are counted from sizes and settings; "
            + "a pass with guidance computes two sequences. Tokens are those of the content: NVG's structure maps are not counted. "
            + $"Reconstruction over up to {options.Reconstructed:N0} images of {options.Data}.");
        foreach (ComparedEntry entry in entries.Where(e => e.Cost is not null))
        {
            string parts = string.Join(", ", entry.Cost!.Parameters.Select(p => $"{p.Key} {p.Value:N0}"));
            page.Paragraph($"Parameters of {entry.Name}: {parts}.");
        }

        page.Section("What was measured").Settings(
        [
            .. entries.Select(e => new KeyValuePair<string, string>(e.Name, e.Path)), new("data", options.Data),
            new("feature network", entries.FirstOrDefault(e => e.Samples is not null)?.Samples!.Network ?? "none"),
            .. ReportVersions.Current(),
        ]);
        page.Code(CommandLineText.Current).Write(file);
    }

    internal static IEnumerable<string[]> CostRows(IReadOnlyList<ComparedEntry> entries) => entries.Select(e => new[]
    {
        e.Name,
        e.Cost is { } cost ? $"{cost.AllParameters:N0}" : None,
        e.Cost is { } passes ? $"{passes.Work.Passes}" : None,
        e.Cost is { } work ? $"{work.Work.Flop / 1e12:G3}" : None,
        e.Cost is { } time ? $"{time.Seconds:G3}" : None,
        e.Cost?.PeakMiB is { } peak ? $"{peak:F0}" : None,
        e.Cost is { } tokens ? $"{tokens.Tokens:N0}" : None,
        e.Cost is { } bits ? $"{bits.Bits:N0}" : None,
        e.Reconstruction is { } r ? $"{r.Quality.Psnr:F2}" : None,
        e.Reconstruction is { } s ? $"{s.Quality.Ssim:F4}" : None,
        e.Reconstruction is { } u ? $"{u.CodebookUsage:P1}" : None,
    });

    internal static string[] MetricHeadings(IReadOnlyList<ComparedEntry> entries) =>
        ["model", "images", .. Metrics(entries).Select(m => $"{m.Name} ({(m.LowerIsBetter ? "lower" : "higher")} is better)")];

    internal static IEnumerable<string[]> MetricRows(IReadOnlyList<ComparedEntry> entries)
    {
        string[] keys = [.. Metrics(entries).Select(m => m.Key)];
        return entries.Select(e => new[]
        {
            e.Name, $"{e.Images:N0}",
        }.Concat(keys.Select(key => Text(e.Samples?.Metrics.FirstOrDefault(m => m.Key == key)))).ToArray());
    }

    private static string Text(MetricValue? value) => value is null ? None
        : value.Spread is { } spread ? $"{value.Value:G4} ± {spread:G2}"
        : $"{value.Value:G4}";

    private static IReadOnlyList<MetricValue> Metrics(IReadOnlyList<ComparedEntry> entries) =>
        entries.Select(e => e.Samples?.Metrics).OfType<IReadOnlyList<MetricValue>>().FirstOrDefault() ?? [];

    private static RgbImage Grid(ComparedEntry entry) => ImageGrid.Compose(
        [.. entry.Shown], entry.Columns, enlargement: ImageGrid.ComfortableEnlargement(entry.Shown[0], entry.Shown.Count));

    private static void AddMetrics(HtmlReport page, IReadOnlyList<ComparedEntry> entries)
    {
        page.Section("Metrics").Table(MetricHeadings(entries), MetricRows(entries));
        foreach (string note in entries.SelectMany(e => e.Samples?.Notes ?? []).Distinct())
            page.Paragraph(note);
        foreach (MetricValue metric in Metrics(entries))
        {
            PlotSeries[] series = [.. entries.Where(e => e is { Cost: not null, Samples: not null }).Select(e => new PlotSeries(
                e.Name, [(e.Cost!.Seconds, e.Samples!.Metrics.First(m => m.Key == metric.Key).Value)]))];
            if (series.Length < 2)
                continue;
            page.Plot(new LinePlot
            {
                Title = metric.Name,
                XLabel = "seconds per image",
                YLabel = metric.Name,
                Series = series,
                LogarithmicX = true,
            });
        }
    }
}
