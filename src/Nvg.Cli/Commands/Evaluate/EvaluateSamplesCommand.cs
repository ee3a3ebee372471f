using System.CommandLine;
using Nvg.Cli.Arguments;
using Nvg.Cli.Output;
using Nvg.Cli.Terminal;
using Nvg.Data.Loading;
using Nvg.Evaluation.Distributions;
using Nvg.Evaluation.Features;
using Nvg.Imaging;
using Nvg.Reporting;
using Nvg.Torch;

namespace Nvg.Cli.Commands.Evaluate;

/// <summary><c>nvg evaluate samples</c>: generated images against a reference.</summary>
internal sealed class EvaluateSamplesCommand
{
    private const int ShownSamples = 64;

    private static readonly string[] Headings = ["figure", "value", "±", "better"];

    private static readonly Dictionary<string, SampleMetrics> MetricWords = new(StringComparer.OrdinalIgnoreCase)
    {
        ["fid"] = SampleMetrics.FrechetDistance,
        ["sfid"] = SampleMetrics.SpatialFrechetDistance,
        ["is"] = SampleMetrics.ClassScore,
        ["pr"] = SampleMetrics.PrecisionRecall,
        ["kid"] = SampleMetrics.KernelDistance,
        ["all"] = SampleMetrics.All,
    };

    private readonly Argument<string> _samples = new("samples") { Description = "The images: an .npz (arr_0), a folder, a .tar or .tar.gz, or a data set made by nvg prepare" };
    private readonly Option<string> _reference = new("--reference") { Description = "What to measure against: images as above, or an .npz with mu and sigma", HelpName = "PATH", Required = true };
    private readonly FeatureNetworkArguments _network = new();
    private readonly Option<SampleMetrics?> _metrics = new("--metrics")
    {
        Description = "Which figures, with commas: fid, sfid, is, pr (precision, recall, density, coverage), kid; all by default; they are named after the network",
        HelpName = "LIST",
        CustomParser = result =>
        {
            SampleMetrics metrics = SampleMetrics.None;
            foreach (string word in result.Tokens[0].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                if (!MetricWords.TryGetValue(word, out SampleMetrics metric))
                    result.AddError($"'{word}' is no figure: {string.Join(", ", MetricWords.Keys)}");
                metrics |= metric;
            }

            return metrics;
        },
    };

    private readonly Option<long?> _limit = new("--limit") { Description = "At most this many samples, chosen evenly from all", HelpName = "N" };
    private readonly Option<long> _referenceRows = new("--reference-rows") { Description = "At most this many images of the reference, chosen evenly, for pr and kid", HelpName = "N", DefaultValueFactory = _ => 10_000 };
    private readonly Option<string?> _save = new("--save-reference") { Description = "Keep the reference's statistics in an .npz, to give as --reference next time", HelpName = "FILE" };
    private readonly Option<string?> _report = new("--report") { Description = "Also write a report as one HTML file", HelpName = "FILE.html" };
    private readonly Option<int> _batch = new("--batch") { Description = "Images computed together; figures do not depend on it", HelpName = "N", DefaultValueFactory = _ => 32 };
    private readonly Option<ulong> _seed = new("--seed") { Description = "Decides the subsets of kid", HelpName = "N" };
    private readonly Option<Device> _device = CommonOptions.Device();
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _json = CommonOptions.Json();

    internal static Command Create()
    {
        var arguments = new EvaluateSamplesCommand();
        var command = new Command("samples", "Measure generated images against a reference: Fréchet distance (FID), sFID, Inception score, precision and recall")
        {
            arguments._samples, arguments._reference, arguments._metrics, arguments._limit, arguments._referenceRows, arguments._save,
            arguments._report, arguments._batch, arguments._seed, arguments._device, arguments._threads, arguments._json,
        };
        arguments._network.AddTo(command);
        command.SetAction((parsed, cancellation) => arguments.RunAsync(parsed, cancellation));
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(_limit) is < 1 || parsed.GetValue(_batch) < 1 || parsed.GetValue(_referenceRows) < 1)
            throw new UsageException("--limit, --batch and --reference-rows must be at least 1");
        if (parsed.GetValue(_metrics) == SampleMetrics.None)
            throw new UsageException("--metrics names no figure");
        if (parsed.GetValue(_save) is { } save && !save.EndsWith(".npz", StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"--save-reference {save}: statistics are kept in an .npz");
        foreach (string target in new[] { parsed.GetValue(_save), parsed.GetValue(_report) }.OfType<string>())
            ImageOutput.RequireWritable(target);
        CommonOptions.Apply(parsed.GetValue(_device), parsed.GetValue(_threads));
        var samples = ImageSet.Open(parsed.GetRequiredValue(_samples));
        var reference = SampleReference.Open(parsed.GetRequiredValue(_reference));
        using IFeatureNetwork network = _network.Open(parsed, parsed.GetValue(_device));
        var options = new SampleEvaluationOptions
        {
            Metrics = parsed.GetValue(_metrics) ?? SampleMetrics.All,
            Limit = parsed.GetValue(_limit),
            ReferenceRows = parsed.GetValue(_referenceRows),
            Batch = parsed.GetValue(_batch),
            Seed = parsed.GetValue(_seed),
            SaveReference = parsed.GetValue(_save),
        };
        SampleReport report = await ConsoleProgress.ShowAsync("evaluating", progress => Task.Run(
            () => SampleEvaluation.Run(network, samples, reference, options, new SynchronousProgress<SampleProgress>(p => progress.Report(p.State, p.Share)), cancellation),
            CancellationToken.None));
        if (parsed.GetValue(_json))
            MachineOutput.Write(report);
        else
            Print(report);
        if (parsed.GetValue(_report) is { } file)
            WriteHtml(report, samples, file);
        return CommandRunner.Done;
    }

    private static void WriteHtml(SampleReport report, ImageSet samples, string file)
    {
        var page = new HtmlReport($"{report.Count:N0} samples against {report.ReferenceDescription}", DateTimeOffset.UtcNow);
        page.Section("Figures").Table(Headings, Rows(report));
        foreach (string note in report.Notes)
            page.Paragraph(note);
        page.Image(ImageGrid.Compose([.. samples.Images(ShownSamples)]), $"{ShownSamples} of the samples at most, chosen evenly");
        page.Section("What was measured").Settings(
        [
            new("samples", $"{report.Samples}: {report.Count:N0} images of {report.Width} × {report.Height}"), new("reference", $"{report.Reference}: {report.ReferenceDescription}"),
            new("feature network", report.Network), new("resize", report.Preprocessing), new("fingerprint", report.Fingerprint), .. ReportVersions.Current(),
        ]);
        page.Code(CommandLineText.Current).Write(file);
    }

    private static IEnumerable<string[]> Rows(SampleReport report) => report.Metrics.Select(m => new[]
    {
        m.Name, $"{m.Value:G6}", m.Spread is { } spread ? $"{spread:G3}" : "", m.LowerIsBetter ? "lower" : "higher",
    });

    private static void Print(SampleReport report)
    {
        Console.WriteLine($"samples    {report.Samples}: {report.Count:N0} images of {report.Width} × {report.Height}");
        Console.WriteLine($"reference  {report.Reference}: {report.ReferenceDescription}");
        Console.WriteLine($"network    {report.Network}; resize {report.Preprocessing}");
        ConsoleTable.Write(Headings, Rows(report));
        foreach (string note in report.Notes)
            Console.WriteLine($"note: {note}");
    }
}
