using System.Globalization;
using Nvg.Configuration;
using Nvg.Imaging;
using Nvg.Reporting;
using Nvg.Torch.Files;

namespace Nvg.Evaluation.Studies;

/// <summary>Writes the results of a study as tables, plots and a report.</summary>
public static class StudyTable
{
    private static readonly (string Name, Func<StudyResult, double> Value)[] Metrics =
    [
        ("class accuracy", r => r.ClassAccuracy),
        ("Fréchet distance", r => r.FrechetDistance),
        ("precision", r => r.Precision),
        ("recall", r => r.Recall),
        ("seconds per image", r => r.SecondsPerImage),
    ];

    /// <summary>Column headings.</summary>
    public static IReadOnlyList<string> Headings { get; } =
        ["setting", "images", "class accuracy", "Fréchet distance", "precision", "recall", "seconds per image"];

    /// <summary>One row per result.</summary>
    public static IEnumerable<IReadOnlyList<string>> Rows(IEnumerable<StudyResult> results) => results.Select(r => (IReadOnlyList<string>)
    [
        r.Name, r.Count.ToString(CultureInfo.InvariantCulture), Text(r.ClassAccuracy, "F3"), Text(r.FrechetDistance, "F2"),
        Text(r.Precision, "F3"), Text(r.Recall, "F3"), Text(r.SecondsPerImage, "F3"),
    ]);

    /// <summary>Writes <c>results.csv</c>, <c>results.json</c>, <c>results.md</c> and <c>report.html</c>, each atomically.</summary>
    /// <param name="folder">Folder to write to.</param>
    /// <param name="title">Heading of the report.</param>
    /// <param name="about">A paragraph about the measurement.</param>
    /// <param name="results">The results in the order of the rows.</param>
    /// <param name="sheets">Images of each result, with the same seeds in the same order; empty for none.</param>
    /// <param name="settings">Settings listed at the end of the report.</param>
    /// <param name="command">The command line, shown in the report.</param>
    public static void Write(
        string folder, string title, string about, IReadOnlyList<StudyResult> results, IReadOnlyList<IReadOnlyList<RgbImage>> sheets,
        IEnumerable<KeyValuePair<string, string>> settings, string command)
    {
        void WriteText(string name, string text) => AtomicFile.Write(Path.Combine(folder, name), System.Text.Encoding.UTF8.GetBytes(text));
        WriteText("results.csv", TableText.Csv(Headings, Rows(results)));
        WriteText("results.json", NvgJson.Write(results) + "\n");
        WriteText("results.md", TableText.Markdown(Headings, Rows(results)));
        HtmlReport report = new HtmlReport(title, DateTimeOffset.UtcNow).Paragraph(about).Section("Metrics").Table(Headings,
            Rows(results)).Section("Plots");
        foreach (LinePlot plot in Plots(results))
            report.Plot(plot);
        if (sheets.Count > 0)
        {
            report.Section("Images of the same seeds").Image(
                ImageGrid.Compose(
                    [.. sheets.SelectMany(s => s)], columns: sheets[0].Count,
                    enlargement: ImageGrid.ComfortableEnlargement(4 * sheets[0][0].Height)),
                "One row per setting in the order of the table, one column per class.");
        }

        report.Section("How to reproduce this report").Code(command).Settings(settings).Write(Path.Combine(folder, "report.html"));
    }

    /// <summary>
    /// Plots accuracy over distance with one point per result. If the results form a grid, also plots each metric over the first
    /// setting with one line per combination of the others.
    /// </summary>
    public static IEnumerable<LinePlot> Plots(IReadOnlyList<StudyResult> results)
    {
        foreach (LinePlot plot in GridPlots(results))
            yield return plot;
        yield return new LinePlot
        {
            Title = "Class accuracy and distance to the reference",
            XLabel = "Fréchet distance (lower is better)",
            YLabel = "class accuracy (higher is better)",
            Series =
            [
                new PlotSeries("", [.. results.Select(r => (r.FrechetDistance, r.ClassAccuracy))])
                {
                    HasLine = false,
                    PointLabels = [.. results.Select(r => r.Name)],
                },
            ],
        };
    }

    private static IEnumerable<LinePlot> GridPlots(IReadOnlyList<StudyResult> results)
    {
        string[][] keys = [.. results.Select(r => r.Changes.Keys.ToArray())];
        if (results.Count < 2 || keys[0].Length == 0 || !keys.All(k => k.SequenceEqual(keys[0])))
            yield break;
        string first = keys[0][0];
        // A range over the stages is not a number; in this case the axis shows the position of the value in the list.
        string[] values = [.. results.Select(r => r.Changes[first]).Distinct()];
        bool numbers = values.All(v => double.TryParse(v, NumberStyles.Float, CultureInfo.InvariantCulture, out _));
        double Place(string value) => numbers ? double.Parse(value, CultureInfo.InvariantCulture) : Array.IndexOf(values, value) + 1;
        foreach ((string name, Func<StudyResult, double> metric) in Metrics)
        {
            yield return new LinePlot
            {
                Title = name,
                XLabel = numbers ? first : $"{first} ({string.Join(", ", values.Select((v, i) => $"{i + 1}: {v}"))})",
                YLabel = name,
                Series = [.. results.GroupBy(r => string.Join(", ", r.Changes.Where(c => c.Key != first).Select(c => $"{c.Key} {c.Value}")))
                    .Select(line => new PlotSeries(line.Key,
                        [.. line.Select(r => (Place(r.Changes[first]), metric(r))).OrderBy(p => p.Item1)]))],
            };
        }
    }

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
