using System.CommandLine;
using Nvg.Cli.Arguments;
using Nvg.Cli.Output;
using Nvg.Cli.Terminal;
using Nvg.Evaluation.Comparison;
using Nvg.Evaluation.Distributions;
using Nvg.Evaluation.Features;
using Nvg.Evaluation.Metrics;
using Nvg.Evaluation.TokenizerQuality;
using Nvg.Models;
using Nvg.Torch;

namespace Nvg.Cli.Commands.Comparison;

/// <summary><c>nvg compare</c>: measures models of any method, and samples of other models, side by side.</summary>
internal sealed class CompareCommand
{
    private readonly Argument<string[]> _models = new("models")
    {
        Description = "Model folders or names, and samples of other models: a folder of images or an .npz",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string> _data = new("--data")
    {
        Description = "Images that models are measured against: a data set made by nvg prepare, or a folder",
        HelpName = "DATA",
        Required = true,
    };

    private readonly Option<string> _output = new("--output", "-o")
    {
        Description = "The report",
        HelpName = "REPORT.html",
        Required = true,
    };

    private readonly Option<int> _perClass = new("--per-class")
    {
        Description = "Images drawn per class",
        HelpName = "N",
        DefaultValueFactory = _ => 10,
    };

    private readonly Option<int> _shown = new("--shown")
    {
        Description = "Images shown per class",
        HelpName = "N",
        DefaultValueFactory = _ => 4,
    };

    private readonly Option<int> _limit = new("--limit")
    {
        Description = "Maximum number of reconstructed images, chosen evenly",
        HelpName = "N",
        DefaultValueFactory = _ => 500,
    };

    private readonly Option<ulong> _seed = new("--seed") { Description = "Seed of the first image of every class", HelpName = "S" };
    private readonly Option<int?> _batch = new("--batch") { Description = "Images per batch", HelpName = "N" };
    private readonly FeatureNetworkArguments _network = new();
    private readonly Option<Device> _device = CommonOptions.Device();
    private readonly Option<ScalarType?> _type = CommonOptions.DataType();
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _json = CommonOptions.Json();

    internal static Command Create()
    {
        var arguments = new CompareCommand();
        Command command = new Command("compare", "Compare models of any method in one report: images, metrics, cost, reconstruction")
        {
            arguments._models,
        }.With(arguments._data, arguments._output, arguments._perClass, arguments._shown, arguments._limit, arguments._seed,
            arguments._batch);
        arguments._network.AddTo(command);
        command.With(arguments._device, arguments._type, arguments._threads, arguments._json);
        command.SetAction(arguments.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(_perClass) < 1 || parsed.GetValue(_shown) < 1 || parsed.GetValue(_limit) < 2 || parsed.GetValue(_batch) < 1)
            throw new UsageException("--per-class, --shown and --batch must be at least 1, --limit at least 2");
        string output = parsed.GetRequiredValue(_output), data = parsed.GetRequiredValue(_data);
        if (!output.EndsWith(".html", StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"-o {output}: the report is one file, whose name ends in .html");
        string[] paths = Array.ConvertAll(parsed.GetRequiredValue(_models), ModelFolder.Locate);
        if (Array.Find(paths, path => !Path.Exists(path)) is { } missing)
            throw NvgDataException.At(missing, "no such model, folder or file", "nvg models lists the shipped models");
        if (!Path.Exists(data))
            throw NvgDataException.At(data, "no such file or folder", "check the path");
        ImageOutput.RequireWritable(output);
        CommonOptions.Apply(parsed.GetValue(_device), parsed.GetValue(_threads));
        using IFeatureNetwork? network = _network.OpenIfGiven(parsed, parsed.GetValue(_device));
        var options = new ComparisonOptions
        {
            Data = data,
            PerClass = parsed.GetValue(_perClass),
            Shown = parsed.GetValue(_shown),
            Seed = parsed.GetValue(_seed),
            Reconstructed = parsed.GetValue(_limit),
            Batch = parsed.GetValue(_batch),
            Network = network,
            Reference = network is null ? null : SampleReference.Open(data),
        };
        List<ComparedEntry> entries = await ConsoleProgress.ShowAsync(
            "comparing", progress => Task.Run(() => Measure(parsed, paths, options, progress, cancellation), CancellationToken.None));
        string threads = ConsoleText.Count(TorchRuntime.ThreadCount, "thread");
        string precision = $"{parsed.GetValue(_device)}, {parsed.GetDataType(_type)}, {threads}";
        ComparisonReport.Write(output, entries, options, precision);
        if (parsed.GetValue(_json))
            MachineOutput.Write(
                entries.Select(e => new Report(e.Name, e.Path, e.Images, e.Cost, e.Samples?.Metrics, e.Reconstruction?.Quality)));
        else
            Print(entries, output);
        return CommandRunner.Done;
    }

    private List<ComparedEntry> Measure(
        ParseResult parsed, string[] paths, ComparisonOptions options, ConsoleProgress progress, CancellationToken cancellation)
    {
        // Checked before the first measurement, which may take minutes.
        foreach (string path in paths.Where(ModelFolder.IsModel))
            ImageModels.RequirePrecision(path, parsed.GetValue(_device), parsed.GetDataType(_type));
        var comparison = new ModelComparison(options);
        var reporter = new SynchronousProgress<SampleProgress>(p => progress.Report(p.State, p.Share));
        return [.. paths.Select(path =>
        {
            if (!ModelFolder.IsModel(path))
                return comparison.Measure(path, reporter, cancellation);
            using IImageModel model = ImageModels.Load(path, parsed.GetValue(_device), parsed.GetDataType(_type));
            return comparison.Measure(model, reporter, cancellation);
        })];
    }

    private sealed record Report(
        string Name, string Path, long Images, ComparedCost? Cost, IReadOnlyList<MetricValue>? Metrics,
        ReconstructionQuality? Reconstruction);

    private static void Print(List<ComparedEntry> entries, string output)
    {
        ConsoleTable.Write(ComparisonReport.CostHeadings, ComparisonReport.CostRows(entries));
        if (entries.Exists(e => e.Samples is not null))
            ConsoleTable.Write(ComparisonReport.MetricHeadings(entries), ComparisonReport.MetricRows(entries));
        ConsoleText.Print($"{ConsoleText.Count(entries.Count, "model")} → {output}");
    }
}
