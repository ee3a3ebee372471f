using System.CommandLine;
using Nvg.Checkpoints;
using Nvg.Cli.Arguments;
using Nvg.Cli.Output;
using Nvg.Cli.Terminal;
using Nvg.Evaluation.Studies;
using Nvg.Reporting;
using Nvg.Sampling;
using Nvg.Sampling.Schedules;
using Nvg.Torch;

namespace Nvg.Cli.Commands.Evaluate;

/// <summary><c>nvg evaluate cost</c>: parameters, time and memory per image, for content and structure separately.</summary>
internal sealed class EvaluateCostCommand
{
    private readonly Argument<string[]> _models = new("models")
    {
        Description = "Model folders, or presets, which get random weights: "
            + string.Join(", ", Presets.All.Where(p => p.Generator is not null).Select(p => p.Name)),
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<int> _repeat = new("--repeat")
    {
        Description = "Timed images; the fastest is reported",
        HelpName = "N",
        DefaultValueFactory = _ => 3,
    };

    private readonly Option<string?> _report = CommonOptions.HtmlReport();
    private readonly SamplingArguments _sampling = new();
    private readonly Option<Device> _device = CommonOptions.Device();
    private readonly Option<ScalarType?> _type = CommonOptions.DataType();
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _json = CommonOptions.Json();

    internal static Command Create()
    {
        var arguments = new EvaluateCostCommand();
        Command command =
            new Command("cost", "Parameters, time and peak memory per image, for content and structure separately") { arguments._models }
            .With(arguments._repeat, arguments._report);
        arguments._sampling.AddNvgTo(command);
        command.With(arguments._device, arguments._type, arguments._threads, arguments._json);
        command.SetAction(arguments.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(_repeat) < 1)
            throw new UsageException("--repeat must be at least 1");
        if (parsed.GetValue(_report) is { } target)
            ImageOutput.RequireWritable(target);
        CommonOptions.Apply(parsed.GetValue(_device), parsed.GetValue(_threads));
        List<ModelCost> costs = await ConsoleProgress.ShowAsync(
            "measuring", progress => Task.Run(() => Measure(parsed, progress, cancellation), CancellationToken.None));
        string precision = $"{parsed.GetValue(_device)}, {parsed.GetDataType(_type)}";
        if (parsed.GetValue(_report) is { } file)
        {
            new HtmlReport("Cost per image", DateTimeOffset.UtcNow)
                .Paragraph(
                    "One image at a time. The content time is measured with given structure and includes the decoder. The structure "
                    + "time is the additional time for generating the structure. Memory is the peak of the process on the host, "
                    + "parameters included; GPU memory is not counted, and memory that earlier models of the same command have not "
                    + "returned is. Presets have random weights, which cost the same.")
                .Section("Models").Table(Headings, costs.Select(Row))
                .Section("How to reproduce this report").Code(CommandLineText.Current).Settings([new("computed on", precision),
                    .. ReportVersions.Current()])
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
        // All names are checked before the first measurement, which may take minutes.
        foreach (string name in parsed.GetRequiredValue(_models).Where(name => !Directory.Exists(ModelFolder.Locate(name))))
        {
            if (Presets.Find(name, out string? problem) is null)
                throw new UsageException($"there is no folder {name}, and {problem}");
        }

        var costs = new List<ModelCost>();
        string[] names = parsed.GetRequiredValue(_models);
        foreach (string name in names)
        {
            progress.Report(name, (double)costs.Count / names.Length);
            using NvgModel model = Open(name, parsed.GetValue(_device), parsed.GetDataType(_type));
            SamplingOptions options = _sampling.Read(parsed, model);
            costs.Add(new ModelCost(name, options.StructureSteps,
                GenerationCost.Measure(model, options, parsed.GetValue(_repeat), cancellation)));
        }

        return costs;
    }

    private static NvgModel Open(string name, Device device, ScalarType type) => Directory.Exists(ModelFolder.Locate(name))
        ? ModelOrPreset.Open(name, null, device, type)
        : ModelOrPreset.Open(null,
            Presets.Find(name, out string? problem) ?? throw new UsageException($"there is no folder {name}, and {problem}"), device, type);

    // The whole image was not slower than its content alone, so the difference is below the noise.
    private const string NotMeasurable = "not measurable";

    private static string[] Headings { get; } =
        ["model", "content M", "structure M", "steps", "content s", "structure s", "image s", "structure share", "content host peak MiB",
            "host peak MiB"];

    private static string[] Row(ModelCost m) =>
    [
        m.Model, $"{m.Cost.ContentParameters / 1e6:F1}", $"{m.Cost.StructureParameters / 1e6:F1}", $"{m.StructureSteps}",
        $"{m.Cost.ContentSeconds:F3}", m.Cost.StructureSeconds is { } structure ? $"{structure:F3}" : NotMeasurable, $"{m.Cost.Seconds:F3}",
        m.Cost.StructureSeconds is { } part ? $"{part / m.Cost.Seconds:P0}" : NotMeasurable,
        m.Cost.ContentHostPeakMiB is { } content ? $"{content:F0}" : "", m.Cost.HostPeakMiB is { } peak ? $"{peak:F0}" : "",
    ];

    private sealed record ModelCost(string Model, StructureSteps StructureSteps, GenerationCost Cost);
}
