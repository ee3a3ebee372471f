using System.CommandLine;
using Nvg.Cli.Arguments;
using Nvg.Cli.Output;
using Nvg.Cli.Terminal;
using Nvg.Data.Loading;
using Nvg.Evaluation.Distributions;
using Nvg.Evaluation.Features;
using Nvg.Evaluation.Metrics;
using Nvg.Imaging;
using Nvg.Reporting;
using Nvg.Torch;

namespace Nvg.Cli.Commands.Evaluate;

/// <summary><c>nvg evaluate samples</c>: measures generated images against a reference.</summary>
internal sealed class EvaluateSamplesCommand
{
    private const int ShownSamples = 64;

    private static readonly string[] Headings = ["metric", "value", "±", "better"];

    private readonly Argument<string> _samples = new("samples")
    {
        Description = "The images: an .npz (arr_0), a folder, a .tar or .tar.gz, or a data set made by nvg prepare",
    };

    private readonly Option<string> _reference = new("--reference")
    {
        Description = "The reference: images as above, or an .npz with mu and sigma",
        HelpName = "PATH",
        Required = true,
    };

    private readonly FeatureNetworkArguments _network = new();

    private readonly Option<IReadOnlyList<SampleMetric>?> _metrics = new("--metrics")
    {
        Description = $"The metrics, separated by commas; all by default: "
            + $"{string.Join("; ", SampleMetric.All.Select(m => $"{m.Id} ({m.Summary})"))}",
        HelpName = "LIST",
        CustomParser = result =>
        {
            try
            {
                return SampleMetric.Parse(result.Tokens[0].Value);
            }
            catch (FormatException error)
            {
                result.AddError($"--metrics: {error.Message}");
                return null;
            }
        },
    };

    private readonly Option<long?> _limit = new("--limit") { Description = "Maximum number of samples, chosen evenly", HelpName = "N" };

    private readonly Option<long> _referenceRows = new("--reference-rows")
    {
        Description = "Maximum number of reference images, chosen evenly, for pr and kid",
        HelpName = "N",
        DefaultValueFactory = _ => 10_000,
    };

    private readonly Option<string?> _save = new("--save-reference")
    {
        Description = "Save the statistics of the reference, to use as --reference later",
        HelpName = "FILE.npz",
    };

    private readonly Option<string?> _report = CommonOptions.HtmlReport();
    private readonly Option<int> _batch = CommonOptions.Batch(32);
    private readonly Option<ulong> _seed = new("--seed") { Description = "Seed of the random subsets of kid", HelpName = "S" };
    private readonly Option<Device> _device = CommonOptions.Device();
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _json = CommonOptions.Json();

    internal static Command Create()
    {
        var arguments = new EvaluateSamplesCommand();
        Command command = new Command("samples",
            "Measure generated images against a reference: FID, sFID, Inception score, precision and recall, KID") { arguments._samples }
            .With(arguments._reference, arguments._metrics, arguments._limit, arguments._referenceRows, arguments._save)
            .With(arguments._report, arguments._batch, arguments._seed, arguments._device, arguments._threads, arguments._json);
        arguments._network.AddTo(command);
        command.SetAction(arguments.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(_limit) is < 1 || parsed.GetValue(_batch) < 1 || parsed.GetValue(_referenceRows) < 1)
            throw new UsageException("--limit, --batch and --reference-rows must be at least 1");

        if (parsed.GetValue(_save) is { } save && !save.EndsWith(".npz", StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"--save-reference {save}: the name must end in .npz");
        foreach (string target in new[] { parsed.GetValue(_save), parsed.GetValue(_report) }.OfType<string>())
            ImageOutput.RequireWritable(target);
        CommonOptions.Apply(parsed.GetValue(_device), parsed.GetValue(_threads));
        var samples = ImageSet.Open(parsed.GetRequiredValue(_samples));
        var reference = SampleReference.Open(parsed.GetRequiredValue(_reference));
        using IFeatureNetwork network = _network.Open(parsed, parsed.GetValue(_device));
        var options = new SampleEvaluationOptions
        {
            Metrics = parsed.GetValue(_metrics),
            Limit = parsed.GetValue(_limit),
            ReferenceRows = parsed.GetValue(_referenceRows),
            Batch = parsed.GetValue(_batch),
            Seed = parsed.GetValue(_seed),
            SaveReference = parsed.GetValue(_save),
        };
        SampleReport report = await ConsoleProgress.ShowAsync("evaluating", progress => Task.Run(
            () => SampleEvaluation.Run(
                network, samples, reference, options, new SynchronousProgress<SampleProgress>(p => progress.Report(p.State, p.Share)),
                cancellation),
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
        page.Section("Metrics").Table(Headings, Rows(report));
        foreach (string note in report.Notes)
            page.Paragraph(note);
        page.Image(ImageGrid.Compose([.. samples.Images(ShownSamples)]), $"Up to {ShownSamples} samples, chosen evenly");
        page.Section("What was measured").Settings(
        [
            new("samples", $"{report.Samples}: {report.Count:N0} images of {report.Width} × {report.Height}"),
            new("reference", $"{report.Reference}: {report.ReferenceDescription}"), new("feature network", report.Network),
            new("resize", report.Preprocessing), new("fingerprint", report.Fingerprint), .. ReportVersions.Current(),
        ]);
        page.Code(CommandLineText.Current).Write(file);
    }

    private static IEnumerable<string[]> Rows(SampleReport report) => report.Metrics.Select(m => new[]
    {
        m.Name, $"{m.Value:G6}", m.Spread is { } spread ? $"{spread:G3}" : "", m.LowerIsBetter ? "lower" : "higher",
    });

    private static void Print(SampleReport report)
    {
        ConsoleText.Print($"samples    {report.Samples}: {report.Count:N0} images of {report.Width} × {report.Height}");
        ConsoleText.Print($"reference  {report.Reference}: {report.ReferenceDescription}");
        ConsoleText.Print($"network    {report.Network}; resize {report.Preprocessing}");
        ConsoleTable.Write(Headings, Rows(report));
        foreach (string note in report.Notes)
            ConsoleText.Print($"note: {note}");
    }
}
