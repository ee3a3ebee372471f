using System.Text;
using Nvg.Cli.Terminal;
using Nvg.Evaluation.Metrics;
using Nvg.Evaluation.TokenizerQuality;
using Nvg.Imaging;
using Nvg.Reporting;
using Nvg.Torch.Files;

namespace Nvg.Cli.Commands.Evaluate;

/// <summary>The tables of a tokenizer report, and the files of <c>-o</c>.</summary>
internal static class TokenizerReportFiles
{
    private const int PairsPerRow = 4;

    internal static IEnumerable<string[]> Metrics(TokenizerReport report)
    {
        yield return ["PSNR (dB)", $"{report.Quality.Psnr:F2}"];
        yield return ["SSIM", $"{report.Quality.Ssim:F4}"];
        yield return ["L1 (values in 0…1)", $"{report.Quality.L1:F4}"];
        if (report.Quality.Lpips is { } lpips)
            yield return [report.PerceptualName!, $"{lpips:F4}"];
        foreach (MetricValue distance in report.Distances)
            yield return [distance.Name, $"{distance.Value:G5}"];
        yield return [$"codebook usage (of {report.CodebookSize:N0} codes)", $"{report.CodebookUsage:P1}"];
        yield return ["codebook perplexity", $"{report.Perplexity:F1}"];
    }

    internal static string[] StageHeadings(TokenizerReport report)
    {
        string[] quality = report.Stages[0].Quality is null ? [] : ["PSNR (dB)", "SSIM", "L1", .. Lpips(report)];
        return ["stage", "tokens so far", "bits", "codes used", "perplexity", .. quality];
    }

    internal static IEnumerable<string[]> StageRows(TokenizerReport report) => report.Stages.Select<StageQuality, string[]>(s =>
    [
        $"{s.Stage}", $"{s.Tokens}", $"{s.Bits:F0}", $"{s.CodebookUsage:P1}", $"{s.Perplexity:F1}",
        .. report.Stages[0].Quality is null || s.Quality is not { } q ? Array.Empty<string>()
            : [$"{q.Psnr:F2}", $"{q.Ssim:F4}", $"{q.L1:F4}", .. q.Lpips is { } lpips ? new[] { $"{lpips:F4}" } : []],
    ]);

    /// <summary>Writes report.html, report.json, best.png and worst.png.</summary>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    internal static void Write(string folder, TokenizerReport report, string model, string data)
    {
        Directory.CreateDirectory(folder);
        RgbImage best = Sheet(report.Best), worst = Sheet(report.Worst);
        ImageFile.Write(Path.Combine(folder, "best.png"), best);
        ImageFile.Write(Path.Combine(folder, "worst.png"), worst);
        AtomicFile.Write(Path.Combine(folder, "report.json"), Encoding.UTF8.GetBytes(MachineOutput.Format(report) + "\n"));
        var page = new HtmlReport($"Tokenizer over {report.Count:N0} images", DateTimeOffset.UtcNow);
        page.Section("Metrics").Table(["metric", "value"], Metrics(report));
        foreach (string note in report.Notes)
            page.Paragraph(note);
        page.Section("Stages").Table(StageHeadings(report), StageRows(report),
            "Tokens and bits up to each stage; structure maps are not counted.");
        if (report.Stages[0].Quality is not null)
            page.Plot(Plot(report));
        page.Section("Images")
            .Image(worst, $"The worst {report.Worst.Count}, originals beside reconstructions: {Names(report.Worst)}")
            .Image(best, $"The best {report.Best.Count}: {Names(report.Best)}");
        page.Section("What was measured").Settings(
        [
            new("model", model), new("data", data),
            .. report.Network is { } network ? new KeyValuePair<string, string>[] { new("feature network", network) } : [],
            .. ReportVersions.Current(),
        ]);
        page.Code(CommandLineText.Current).Write(Path.Combine(folder, "report.html"));
    }

    private static IEnumerable<string> Lpips(TokenizerReport report) => report.PerceptualName is { } name ? [name] : [];

    private static LinePlot Plot(TokenizerReport report) => new()
    {
        Title = "Quality over tokens",
        XLabel = "tokens so far",
        YLabel = "PSNR (dB)",
        LogarithmicX = true,
        Series = [new PlotSeries("PSNR", [.. report.Stages.Select(s => ((double)s.Tokens, s.Quality!.Value.Psnr))])],
    };

    private static RgbImage Sheet(IReadOnlyList<RankedImage> images) => ImageGrid.Compose(
        [.. images.SelectMany(p => new[] { p.Original, p.Image })], columns: 2 * PairsPerRow,
        enlargement: ImageGrid.ComfortableEnlargement(images[0].Original, 2 * PairsPerRow));

    private static string Names(IReadOnlyList<RankedImage> images) =>
        string.Join(", ", images.Select(p => $"{p.Name} ({p.Quality.Psnr:F1} dB)"));
}
