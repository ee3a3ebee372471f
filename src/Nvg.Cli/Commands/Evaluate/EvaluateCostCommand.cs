using System.CommandLine;
using Nvg.Checkpoints;
using Nvg.Cli.Arguments;
using Nvg.Cli.Output;
using Nvg.Cli.Terminal;
using Nvg.Evaluation.Studies;
using Nvg.Reporting;
using Nvg.Sampling;
using Nvg.Torch;

namespace Nvg.Cli.Commands.Evaluate;

/// <summary><c>nvg evaluate cost</c>: parameters, time and memory of an image, content and structure apart.</summary>
internal sealed class EvaluateCostCommand
{
    private readonly Argument<string[]> _models = new("models") { Description = $"Folders of models, and names of presets, which get random weights: {string.Join(", ", Presets.All.Where(p => p.Generator is not null).Select(p => p.Name))}", Arity = ArgumentArity.OneOrMore };
    private readonly Option<int> _repeat = new("--repeat") { Description = "Timed images, of which the fastest counts", HelpName = "N", DefaultValueFactory = _ => 3 };
    private readonly Option<string?> _report = new("--report") { Description = "Also write a report", HelpName = "FILE.html" };
    private readonly SamplingArguments _sampling = new();
    private readonly Option<Device> _device = CommonOptions.Device();
    private readonly Option<ScalarType?> _type = CommonOptions.DataType();
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _json = CommonOptions.Json();

    internal static Command Create()
    {
        var arguments = new EvaluateCostCommand();
        var command = new Command("cost", "Parameters, seconds and peak memory of an image, content and structure apart") { arguments._models, arguments._repeat, arguments._report };
        arguments._sampling.AddTo(command);
        foreach (Option option in new Option[] { arguments._device, arguments._type, arguments._threads, arguments._json })
            command.Options.Add(option);
        command.SetAction((parsed, cancellation) => arguments.RunAsync(parsed, cancellation));
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(_repeat) < 1)
            throw new UsageException("--repeat must be at least 1");
        if (parsed.GetValue(_report) is { } target)
            ImageOutput.RequireWritable(target);
        CommonOptions.Apply(parsed.GetValue(_device), parsed.GetValue(_threads));
        List<ModelCost> costs = await ConsoleProgress.ShowAsync("measuring", progress => Task.Run(() => Measure(parsed, progress, cancellation), CancellationToken.None));
        string precision = $"{parsed.GetValue(_device)}, {parsed.GetDataType(_type)}";
        if (parsed.GetValue(_report) is { } file)
        {
            new HtmlReport("What an image costs", DateTimeOffset.UtcNow)
                .Paragraph("One image at a time. The time of the content is that of an image whose structure is given, decoder included; the time of the structure is what generating it adds. Memory is the most that the process held on the host, parameters included; memory of a GPU is not counted, and what earlier models of the same command have not returned is. Presets have random weights: their images show nothing, their cost is the same.")
                .Section("Models").Table(Headings, costs.Select(Row))
                .Section("How this was made").Code(CommandLineText.Current).Settings([new("computed on", precision), .. ReportVersions.Current()])
                .Write(file);
        }

        if (parsed.GetValue(_json))
            MachineOutput.Write(costs);
        else
            ConsoleTable.Write(Headings, costs.Select(Row));
        return CommandRunner.Done;
    }

    private List<ModelCost> Measure(ParseResult parsed, ConsoleProgress progress, CancellationToken cancellation)
    {
        // All names before the first measurement, which may take minutes.
        foreach (string name in parsed.GetRequiredValue(_models).Where(name => !Directory.Exists(ModelFolder.Locate(name))))
        {
            if (Presets.Find(name, out string? problem) is null)
                throw new UsageException($"no folder {name}, and {problem}");
        }

        var costs = new List<ModelCost>();
        foreach (string name in parsed.GetRequiredValue(_models))
        {
            progress.Report(name, null);
            using NvgModel model = Open(name, parsed.GetValue(_device), parsed.GetDataType(_type));
            SamplingOptions options = _sampling.Read(parsed, model.Config.Sampling, model.GeneratorConfig.Grid.LastStage);
            costs.Add(new ModelCost(name, options.StructureSteps, GenerationCost.Measure(model, options, parsed.GetValue(_repeat), cancellation)));
        }

        return costs;
    }

    private static NvgModel Open(string name, Device device, ScalarType type) => Directory.Exists(ModelFolder.Locate(name))
        ? ModelOrPreset.Open(name, null, device, type)
        : ModelOrPreset.Open(null, Presets.Find(name, out string? problem) ?? throw new UsageException($"no folder {name}, and {problem}"), device, type);

    // The whole image came out no slower than its content: the difference is below the scatter of the times.
    private const string NotMeasurable = "not measurable";

    private static string[] Headings { get; } =
        ["model", "content parameters", "structure parameters", "structure steps", "content s", "structure s", "image s", "structure share", "content host peak MiB", "host peak MiB"];

    private static string[] Row(ModelCost m) =>
    [
        m.Model, $"{m.Cost.ContentParameters / 1e6:F1} M", $"{m.Cost.StructureParameters / 1e6:F1} M", $"{m.StructureSteps}",
        $"{m.Cost.ContentSeconds:F3}", m.Cost.StructureSeconds is { } structure ? $"{structure:F3}" : NotMeasurable, $"{m.Cost.Seconds:F3}",
        m.Cost.StructureSeconds is { } part ? $"{part / m.Cost.Seconds:P0}" : NotMeasurable,
        m.Cost.ContentHostPeakMiB is { } content ? $"{content:F0}" : "", m.Cost.HostPeakMiB is { } peak ? $"{peak:F0}" : "",
    ];

    private sealed record ModelCost(string Model, StructureSteps StructureSteps, GenerationCost Cost);
}
