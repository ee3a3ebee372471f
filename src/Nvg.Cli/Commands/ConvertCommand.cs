using System.CommandLine;
using Nvg.Checkpoints;
using Nvg.Cli.Arguments;
using Nvg.Cli.Terminal;
using Nvg.Conversion;
using Nvg.Torch;

namespace Nvg.Cli.Commands;

/// <summary><c>nvg convert</c>: published checkpoints to a model folder, and a model folder to a checkpoint.</summary>
internal static class ConvertCommand
{
    private static readonly string[] CheckpointEndings = [".pth", ".pt", ".ckpt"];

    internal static Command Create()
    {
        var inputs = new Argument<string[]>("source")
        {
            Description = "Checkpoints (PyTorch or safetensors) that together hold a model, or one model folder",
            Arity = ArgumentArity.OneOrMore,
        };
        var output = new Option<string>("--output", "-o") { Description = "The model folder; from a model folder: the checkpoint, a name that ends with .pth", Required = true, HelpName = "DIR|FILE" };
        var average = new Option<bool>("--ema") { Description = "Demand the averaged weights; without it they are taken where there are some" };
        var noAverage = new Option<bool>("--no-ema") { Description = "Take the weights as trained last" };
        Option<ScalarType?> type = CommonOptions.StoredDataType();
        var preset = new Option<string?>("--preset") { Description = "Refuse sizes other than those of this published model", HelpName = string.Join('|', Presets.All.Select(m => m.Name)) };
        var name = new Option<string?>("--name") { Description = "Name of the model", HelpName = "NAME" };
        var labels = new Option<string?>("--labels") { Description = "Text file with a class name per line", HelpName = "FILE" };
        var allowUnexpected = new Option<bool>("--allow-unexpected") { Description = "Leave out tensors that belong to no part of a model" };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace the model or checkpoint that is at the output" };
        Option<bool> json = CommonOptions.Json();
        var command = new Command("convert", "Convert published checkpoints to a model folder, and back") { inputs, output, average, noAverage, type, preset, name, labels, allowUnexpected, overwrite, json };
        command.SetAction(parsed =>
        {
            string[] sources = parsed.GetRequiredValue(inputs);
            string target = parsed.GetRequiredValue(output);
            ConversionReport report;
            TorchRuntime.Load();
            if (sources.Any(Directory.Exists))
            {
                Option[] ofCheckpoints = [average, noAverage, preset, name, labels, allowUnexpected];
                if (ofCheckpoints.FirstOrDefault(o => parsed.GetResult(o) is { Implicit: false }) is { } misplaced)
                    throw new UsageException($"{misplaced.Name} is about checkpoints, and {sources.First(Directory.Exists)} is a folder");
                report = ToCheckpoint(sources, target, parsed.GetValue(type), parsed.GetValue(overwrite));
            }
            else
            {
                report = ToFolder(sources, target, parsed.GetValue(overwrite), new ConversionOptions
                {
                    Weights = Choice(parsed.GetValue(average), parsed.GetValue(noAverage)),
                    Type = parsed.GetValue(type),
                    Preset = parsed.GetValue(preset) is { } named ? Preset(named) : null,
                    Name = parsed.GetValue(name),
                    LabelsFile = parsed.GetValue(labels),
                    AllowUnexpected = parsed.GetValue(allowUnexpected),
                });
            }

            if (parsed.GetValue(json))
                MachineOutput.Write(report);
            else
                Show(report, parsed.GetValue(noAverage));
            return CommandRunner.Done;
        });
        return command;
    }

    // Minutes of work, or the only copy of a model, may lie there.
    private static void RequireFree(string target, bool overwrite)
    {
        if (overwrite)
            return;
        if (File.Exists(target))
            throw new UsageException($"{target} exists: choose another output, or --overwrite");
        if (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any())
            throw new UsageException($"{target} is not empty: choose another folder, or --overwrite");
    }

    private static ConversionReport ToFolder(string[] sources, string folder, bool overwrite, ConversionOptions options)
    {
        if (IsCheckpointName(folder) || File.Exists(folder))
            throw new UsageException($"checkpoints become a model folder, and {folder} is {(File.Exists(folder) ? "a file" : "a checkpoint's name")}");
        string full = Path.GetFullPath(folder);
        if (sources.FirstOrDefault(s => Path.GetDirectoryName(Path.GetFullPath(s)) == full) is { } inside)
            throw new UsageException($"{inside} lies in the folder that would be written; choose another one");
        RequireFree(folder, overwrite);
        using CheckpointFiles files = Open(sources);
        return CheckpointConversion.ToFolder(files, folder, options);
    }

    private static ConversionReport ToCheckpoint(string[] sources, string path, ScalarType? type, bool overwrite)
    {
        if (sources.Length != 1)
            throw new UsageException("one model folder, or several checkpoints, but not both");
        if (!IsCheckpointName(path) || Directory.Exists(path))
            throw new UsageException($"a model folder becomes a checkpoint: its name must end with {string.Join(" or ", CheckpointEndings)}, not {path}");
        RequireFree(path, overwrite);
        return CheckpointConversion.ToCheckpoint(sources[0], path, type);
    }

    private static CheckpointFiles Open(string[] sources)
    {
        try
        {
            return CheckpointFiles.Open(sources);
        }
        catch (ArgumentException error)
        {
            throw new UsageException(error.Message);
        }
    }

    private static WeightChoice Choice(bool average, bool noAverage) => (average, noAverage) switch
    {
        (true, true) => throw new UsageException("--ema and --no-ema contradict each other"),
        (true, false) => WeightChoice.Averaged,
        (false, true) => WeightChoice.Plain,
        _ => WeightChoice.AveragedIfAny,
    };

    private static ModelConfig Preset(string name) => Presets.Find(name, out string? problem) ?? throw new UsageException($"--preset: {problem}");

    private static bool IsCheckpointName(string path) => CheckpointEndings.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    private static void Show(ConversionReport report, bool plainWanted)
    {
        foreach (ConversionSource source in report.Sources)
        {
            string weights = source.Averaged ? "averaged weights (EMA)" : plainWanted || Directory.Exists(source.File) ? "plain weights" : "plain weights: the file has no averaged ones";
            Console.WriteLine($"{source.Part.ToString().ToLowerInvariant()}: {source.File}, {weights}");
        }

        ConsoleTable.Write(["parameters", ""], report.Parameters.Append(KeyValuePair.Create("all", report.Parameters.Values.Sum())).Select(p => new[] { p.Key, $"{p.Value:N0}" }));
        Console.WriteLine($"{report.Name} → {report.Output}");
    }
}
