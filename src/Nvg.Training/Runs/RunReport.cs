using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Nvg.Configuration;
using Nvg.Imaging;
using Nvg.Reporting;
using Nvg.Training.Optimization;

namespace Nvg.Training.Runs;

/// <summary>A training run as one page: curves, codebook usage per stage, preview images, settings, environment and log.</summary>
public static class RunReport
{
    /// <summary>File with machine and versions, written when a run starts.</summary>
    public const string EnvironmentFile = "environment.json";

    private const int MostPoints = 400, MostImages = 8, LogLines = 30, FinalLines = 10;
    private const string Usage = "codebook_usage", Perplexity = "codebook_perplexity";

    /// <summary>Creates the page.</summary>
    /// <param name="folder">A run folder written by <c>nvg train</c>; the run may be in progress, stopped or finished.</param>
    /// <param name="when">Time of the report.</param>
    /// <exception cref="NvgDataException">There is no run, or it has not reached its first log line.</exception>
    public static HtmlReport Make(string folder, DateTimeOffset when)
    {
        RunStatistics statistics = RunStatistics.Read(folder);
        if (statistics.Lines == 0)
            throw NvgDataException.At(Path.Combine(folder, "stats.jsonl"), "has no log line yet", "wait for the first one");
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        var report = new HtmlReport($"Training run {name}", when);
        JsonObject? options = ReadObject(Path.Combine(folder, "options.json"));
        AddSummary(report, statistics, options);
        AddCurves(report, statistics);
        AddCodebook(report, statistics);
        AddImages(report, folder);
        AddValues(report, "Settings", options is null ? [] : Flatten(options, ""));
        JsonObject? environment = ReadObject(Path.Combine(folder, EnvironmentFile));
        AddValues(report, "Environment", environment is null ? [] : Flatten(environment, ""));
        AddLog(report, Path.Combine(folder, "log.txt"));
        return report;
    }

    private static void AddSummary(HtmlReport report, RunStatistics statistics, JsonObject? options)
    {
        string steps = options?["training"]?["steps"]?.ToString() is { } all ? $" of {all}" : "";
        var rows = new List<KeyValuePair<string, string>>
        {
            new("steps", Text(statistics["epoch"].Count > 0 ? statistics["epoch"][^1].X : statistics["loss"][^1].X) + steps),
            new("epochs", Text(statistics.Last("epoch") ?? 0)),
            new("images per second", $"{Text(Median(statistics["imagesPerSecond"]))} (median)"),
        };
        foreach (string name in statistics.Names.Where(n => IsTerm(n) && StagedTerm.Of(n).Stage is null))
            rows.Add(new(name, $"{Text(statistics[name][0].Y)} at the start, {Text(MeanOfLast(statistics[name]))} at the end"));
        report.Section("Summary").Settings(rows).Paragraph($"Values at the end are means of the last {FinalLines} log lines.");
    }

    private static void AddCurves(HtmlReport report, RunStatistics statistics)
    {
        report.Section("Curves");
        // The loss first, then its terms.
        IEnumerable<string> terms = statistics.Names.Where(n => IsTerm(n) && !IsCodebook(n)).OrderBy(n => n != "loss");
        foreach (IGrouping<string, string> group in terms.GroupBy(TitleOf))
            AddPlot(report, group.Key, group.Key, statistics, [.. group]);
        AddPlot(report, "learning rate", "learning rate", statistics, ["learningRate"]);
        AddPlot(report, "speed", "images per second", statistics, ["imagesPerSecond"]);
        AddPlot(report, "memory", "memory (MiB)", statistics, ["memoryMiB"]);
    }

    private static void AddCodebook(HtmlReport report, RunStatistics statistics)
    {
        string[] names = [.. statistics.Names.Where(IsCodebook)];
        if (names.Length == 0)
            return;
        report.Section("Codebook").Paragraph(
            "Usage is the share of codes used at least once since the previous log line, so it grows with logEvery. "
            + "Perplexity is the number of codes that would be equally uncertain if all were used equally often.");
        foreach (string kind in (string[])[Usage, Perplexity])
        {
            string[] ofKind = [.. names.Where(n => n == kind || StagedTerm.Of(n).Name == kind)];
            AddPlot(report, kind.Replace('_', ' '), kind == Usage ? "share of codes" : "codes", statistics, ofKind);
        }

        int[] stages = [.. names.Select(n => StagedTerm.Of(n).Stage).OfType<int>().Distinct().Order()];
        if (stages.Length > 0)
        {
            report.Table(
                ["stage", "usage", "perplexity"],
                stages.Select(s => (string[])[$"{s}", Cell(statistics[$"{Usage}_{s}"]), Cell(statistics[$"{Perplexity}_{s}"])]),
                $"Means of the last {FinalLines} log lines");
        }

        static string Cell(IReadOnlyList<(double X, double Y)> points) => points.Count > 0 ? Text(MeanOfLast(points)) : "";
    }

    private static void AddImages(HtmlReport report, string folder)
    {
        string images = Path.GetDirectoryName(RunLog.ImagePath(folder, 0))!;
        string[] files = Directory.Exists(images) ? [.. Directory.GetFiles(images, "step-*.png").Order(StringComparer.Ordinal)] : [];
        if (files.Length == 0)
            return;
        report.Section("Images over time").Paragraph(
            "Made with the running average of the weights. A tokenizer shows images and their reconstructions below, "
            + "a generator samples with fixed seeds.");
        // Evenly spread, including the first and the last.
        int shown = Math.Min(files.Length, MostImages);
        for (int i = 0; i < shown; i++)
        {
            string file = files[shown == 1 ? 0 : (int)((long)i * (files.Length - 1) / (shown - 1))];
            report.Image(ImageFile.Read(file), "step " + Path.GetFileNameWithoutExtension(file)["step-".Length..].TrimStart('0'));
        }
    }

    private static void AddValues(HtmlReport report, string title, IEnumerable<KeyValuePair<string, string>> values)
    {
        KeyValuePair<string, string>[] all = [.. values];
        if (all.Length > 0)
            report.Section(title).Settings(all);
    }

    private static void AddLog(HtmlReport report, string path)
    {
        if (File.Exists(path))
            report.Section("Log").Code(string.Join('\n', File.ReadLines(path).TakeLast(LogLines)));
    }

    private static void AddPlot(HtmlReport report, string title, string label, RunStatistics statistics, string[] names)
    {
        PlotSeries[] series = [.. names.Where(n => statistics[n].Any(p => double.IsFinite(p.Y)))
            .Select(n => new PlotSeries(SeriesName(n, names.Length), Thin(statistics[n])) { HasMarkers = false })];
        if (series.Length > 0)
            report.Plot(new LinePlot { Title = title, XLabel = "step", YLabel = label, Series = series });
    }

    private static string TitleOf(string name) => StagedTerm.Of(name) is { Stage: not null } staged ? staged.Name + " per stage" : name;

    private static string SeriesName(string name, int count) =>
        StagedTerm.Of(name).Stage is { } stage ? $"stage {stage}" : count > 1 ? "all stages" : name;

    // Averages neighbouring points if there are more than a plot can show.
    private static (double X, double Y)[] Thin(IReadOnlyList<(double X, double Y)> points)
    {
        int each = (points.Count + MostPoints - 1) / MostPoints;
        return each <= 1 ? [.. points] : [.. points.Chunk(each).Select(part => (part[^1].X, part.Average(p => p.Y)))];
    }

    private static IEnumerable<KeyValuePair<string, string>> Flatten(JsonObject values, string prefix) =>
        values.Where(v => v.Value is not null).SelectMany(v => v.Value is JsonObject inner
            ? Flatten(inner, prefix + v.Key + ".")
            : [new(prefix + v.Key, v.Value!.ToString())]);

    private static JsonObject? ReadObject(string path)
    {
        try
        {
            return File.Exists(path) ? JsonNode.Parse(File.ReadAllText(path)) as JsonObject : null;
        }
        catch (JsonException error)
        {
            throw new NvgDataException($"{path}: {JsonProblem.Describe(error)}", error);
        }
    }

    private static bool IsTerm(string name) => name is not ("epoch" or "learningRate" or "imagesPerSecond" or "memoryMiB");

    private static bool IsCodebook(string name) => StagedTerm.Of(name).Name is Usage or Perplexity;

    private static double MeanOfLast(IReadOnlyList<(double X, double Y)> points) => points.TakeLast(FinalLines).Average(p => p.Y);

    private static double Median(IReadOnlyList<(double X, double Y)> points) =>
        points.Count == 0 ? 0 : points.Select(p => p.Y).Order().ElementAt(points.Count / 2);

    private static string Text(double value) => value.ToString("G5", CultureInfo.InvariantCulture);
}
