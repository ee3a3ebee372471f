using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Nvg.Configuration;
using Nvg.Imaging;
using Nvg.Reporting;
using Nvg.Training.Optimization;

namespace Nvg.Training.Runs;

/// <summary>A training run as one page: curves, codebook usage per stage, images over time, settings, environment and log.</summary>
public static class RunReport
{
    /// <summary>What the run's start writes about machine and versions, names to values.</summary>
    public const string EnvironmentFile = "environment.json";

    private const int MostPoints = 400, MostImages = 8, LogLines = 30, FinalLines = 10;
    private const string Usage = "codebook_usage", Perplexity = "codebook_perplexity";

    /// <summary>Makes the page.</summary>
    /// <param name="folder">A folder that <c>nvg train</c> wrote, of a run that is under way, ended or done.</param>
    /// <param name="when">When the page is made.</param>
    /// <exception cref="NvgDataException">There is no run, or it has not reached its first log line.</exception>
    public static HtmlReport Make(string folder, DateTimeOffset when)
    {
        RunStatistics statistics = RunStatistics.Read(folder);
        if (statistics.Lines == 0)
            throw NvgDataException.At(Path.Combine(folder, "stats.jsonl"), "has no log line yet", "let the run reach its first");
        var report = new HtmlReport($"Training run {Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)))}", when);
        JsonObject? options = ReadObject(Path.Combine(folder, "options.json"));
        AddSummary(report, statistics, options);
        AddCurves(report, statistics);
        AddCodebook(report, statistics);
        AddImages(report, folder);
        AddValues(report, "Settings", options is null ? [] : Flatten(options, ""));
        AddValues(report, "Environment", ReadObject(Path.Combine(folder, EnvironmentFile)) is { } environment ? Flatten(environment, "") : []);
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
            rows.Add(new(name, $"{Text(statistics[name][0].Y)} at first, {Text(MeanOfLast(statistics[name]))} at the end"));
        report.Section("Summary").Settings(rows).Paragraph($"At the end: mean of the last {FinalLines} log lines.");
    }

    private static void AddCurves(HtmlReport report, RunStatistics statistics)
    {
        report.Section("Curves");
        // The whole first, then its terms.
        foreach (IGrouping<string, string> group in statistics.Names.Where(n => IsTerm(n) && !IsCodebook(n)).OrderBy(n => n != "loss").GroupBy(n => StagedTerm.Of(n) is { Stage: not null } staged ? staged.Name + " per stage" : n))
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
        report.Section("Codebook").Paragraph("Usage is the share of codes taken at least once since the line before, so it grows with logEvery; perplexity is the number of codes that would be as uncertain if all were taken equally often.");
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
        report.Section("Images over time").Paragraph("Made with the running average of the weights: of a tokenizer images and, below them, their reconstructions; of a generator samples of the same seeds.");
        // Evenly spread, first and last among them.
        int shown = Math.Min(files.Length, MostImages);
        foreach (string file in Enumerable.Range(0, shown).Select(i => files[shown == 1 ? 0 : (int)((long)i * (files.Length - 1) / (shown - 1))]))
            report.Image(ImageFile.Read(file), "step " + Path.GetFileNameWithoutExtension(file)["step-".Length..].TrimStart('0'));
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
            .Select(n => new PlotSeries(StagedTerm.Of(n).Stage is { } stage ? $"stage {stage}" : names.Length > 1 ? "all stages" : n, Thin(statistics[n])) { HasMarkers = false })];
        if (series.Length > 0)
            report.Plot(new LinePlot { Title = title, XLabel = "step", YLabel = label, Series = series });
    }

    // Means of neighbours, where there are more points than can be seen.
    private static (double X, double Y)[] Thin(IReadOnlyList<(double X, double Y)> points)
    {
        int each = (points.Count + MostPoints - 1) / MostPoints;
        return each <= 1 ? [.. points] : [.. points.Chunk(each).Select(part => (part[^1].X, part.Average(p => p.Y)))];
    }

    private static IEnumerable<KeyValuePair<string, string>> Flatten(JsonObject values, string prefix) =>
        values.Where(v => v.Value is not null).SelectMany(v => v.Value is JsonObject inner ? Flatten(inner, prefix + v.Key + ".") : [new(prefix + v.Key, v.Value!.ToString())]);

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
