using System.CommandLine;
using Nvg.Checkpoints;
using Nvg.Cli.Arguments;
using Nvg.Cli.Output;
using Nvg.Cli.Terminal;
using Nvg.Conversion;
using Nvg.Conversion.Var;
using Nvg.Torch;
using Nvg.Var;

namespace Nvg.Cli.Commands;

/// <summary><c>nvg convert</c>: converts published checkpoints to a model folder, and a model folder to a checkpoint.</summary>
internal sealed class ConvertCommand
{
    private static readonly string[] CheckpointExtensions = [".pth", ".pt", ".ckpt"];

    private readonly Argument<string[]> _sources = new("source")
    {
        Description = "Checkpoints (PyTorch or safetensors; files, an index or its folder) that together hold a model, or one model folder",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string> _output = new("--output", "-o")
    {
        Description = "The model folder to write; for a model folder as source, the checkpoint to write (.pth)",
        Required = true,
        HelpName = "DIR|FILE",
    };

    private readonly Option<bool> _average = new("--ema")
    {
        Description = "Require the averaged weights; by default, used if present",
    };

    private readonly Option<bool> _noAverage = new("--no-ema") { Description = "Use the final weights instead of the averaged ones" };
    private readonly Option<ScalarType?> _type = CommonOptions.StoredDataType();

    private static readonly string[] PresetNames = [.. Presets.All.Select(m => m.Name), .. VarPresets.All.Select(m => m.Name)];

    private readonly Option<string?> _preset = new("--preset")
    {
        Description = $"Reject sizes other than those of a published model: {string.Join(", ", PresetNames)}",
        HelpName = "NAME",
        CompletionSources = { PresetNames },
    };

    private readonly Option<string?> _name = new("--name") { Description = "Name of the model", HelpName = "NAME" };
    private readonly Option<string?> _labels =
        new("--labels") { Description = "Text file with one class name per line", HelpName = "FILE" };

    private readonly Option<bool> _allowUnexpected =
        new("--allow-unexpected") { Description = "Ignore tensors that do not belong to a model" };
    private readonly Option<int[]> _scales = new("--scales")
    {
        Description = "VAR checkpoints: sides of the token maps, if the files do not specify them",
        HelpName = "N,N,…",
        CustomParser = result =>
        {
            string[] parts = result.Tokens[0].Value.Split(',', StringSplitOptions.TrimEntries);
            if (Array.TrueForAll(parts, part => int.TryParse(part, out _)))
                return Array.ConvertAll(parts, int.Parse);
            result.AddError($"--scales takes a list such as 1,2,4,8; not '{result.Tokens[0].Value}'");
            return null;
        },
    };

    private readonly Option<bool> _overwrite = ExistingOutput.Overwrite();
    private readonly Option<bool> _json = CommonOptions.Json();

    internal static Command Create()
    {
        var arguments = new ConvertCommand();
        Command command = new Command("convert", "Convert published checkpoints to a model folder, and back") { arguments._sources }
            .With(arguments._output, arguments._average, arguments._noAverage, arguments._type, arguments._preset, arguments._name)
            .With(arguments._labels, arguments._scales, arguments._allowUnexpected, arguments._overwrite, arguments._json);
        command.SetAction(arguments.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        string[] sources = parsed.GetRequiredValue(_sources);
        TorchRuntime.Load();
        IConversionReport report =
            sources.FirstOrDefault(IsModelFolder) is { } folder ? ToCheckpoint(parsed, sources, folder) : ToFolder(parsed, sources);
        if (parsed.GetValue(_json))
            MachineOutput.Write<object>(report);
        else
            Print(report, parsed.GetValue(_noAverage));
        return CommandRunner.Done;
    }

    private IConversionReport ToFolder(ParseResult parsed, string[] sources)
    {
        string folder = parsed.GetRequiredValue(_output);
        if (IsCheckpointName(folder) || File.Exists(folder))
            throw new UsageException(
                $"checkpoints are converted to a folder, but {folder} is {(File.Exists(folder) ? "a file" : "the name of a checkpoint")}");
        string full = Path.GetFullPath(folder);
        string trimmed = Path.TrimEndingDirectorySeparator(full);
        if (sources.FirstOrDefault(s => IsIn(Path.TrimEndingDirectorySeparator(Path.GetFullPath(s)), trimmed)) is { } inside)
            throw new UsageException($"{inside} is inside the output folder: choose another one");
        ExistingOutput.RequireFree(folder, parsed.GetValue(_overwrite));
        Array.ForEach(sources, InputFile.RequireContent);
        if (VarCheckpointFiles.Recognise(sources))
            return VarToFolder(parsed, sources, folder);
        if (parsed.IsGiven(_scales))
            throw new UsageException("--scales is for VAR checkpoints");
        using CheckpointFiles files = Open(sources);
        return CheckpointConversion.ToFolder(files, folder, new ConversionOptions
        {
            Weights = Weights(parsed),
            Type = parsed.GetValue(_type),
            Preset = parsed.GetValue(_preset) is { } name ? Preset(name) : null,
            Name = parsed.GetValue(_name),
            LabelsFile = parsed.GetValue(_labels),
            AllowUnexpected = parsed.GetValue(_allowUnexpected),
        });
    }

    private VarConversionReport VarToFolder(ParseResult parsed, string[] sources, string folder)
    {
        if (parsed.GetValue(_average))
            throw new UsageException("--ema: VAR is trained without averaged weights");
        using VarCheckpointFiles files = OpenVar(sources);
        return VarCheckpointConversion.ToFolder(files, folder, new VarConversionOptions
        {
            Type = parsed.GetValue(_type),
            Preset = parsed.GetValue(_preset) is { } name
                ? VarPresets.Find(name) ?? throw new UsageException($"--preset: {name} is not a VAR model, but the checkpoints are")
                : null,
            Name = parsed.GetValue(_name),
            LabelsFile = parsed.GetValue(_labels),
            AllowUnexpected = parsed.GetValue(_allowUnexpected),
            Scales = parsed.GetValue(_scales),
        });
    }

    private static VarCheckpointFiles OpenVar(string[] sources)
    {
        try
        {
            return VarCheckpointFiles.Open(sources);
        }
        catch (ArgumentException error)
        {
            throw new UsageException(error.Message);
        }
    }

    private IConversionReport ToCheckpoint(ParseResult parsed, string[] sources, string folder)
    {
        string path = parsed.GetRequiredValue(_output);
        Option[] forCheckpoints = [_average, _noAverage, _preset, _name, _labels, _scales, _allowUnexpected];
        if (forCheckpoints.FirstOrDefault(parsed.IsGiven) is { } misplaced)
            throw new UsageException($"{misplaced.Name} is for checkpoints, but {folder} is a folder");
        if (sources.Length != 1)
            throw new UsageException("give one model folder, or several checkpoints, but not both");
        if (!IsCheckpointName(path) || Directory.Exists(path))
            throw new UsageException($"a model folder is converted to a checkpoint: its name must end in "
                + $"{string.Join(" or ", CheckpointExtensions)}, not {path}");
        ExistingOutput.RequireFree(path, parsed.GetValue(_overwrite));
        return ModelMethod.Of(folder) == ModelMethod.Var
            ? VarCheckpointConversion.ToCheckpoint(folder, path, parsed.GetValue(_type))
            : CheckpointConversion.ToCheckpoint(folder, path, parsed.GetValue(_type));
    }

    private static bool IsIn(string source, string folder) => source == folder || Path.GetDirectoryName(source) == folder;

    private static bool IsModelFolder(string path) => Directory.Exists(path) && !CheckpointParts.IsCheckpointFolder(path);

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

    private WeightChoice Weights(ParseResult parsed) => (parsed.GetValue(_average), parsed.GetValue(_noAverage)) switch
    {
        (true, true) => throw new UsageException("--ema and --no-ema cannot be combined"),
        (true, false) => WeightChoice.Averaged,
        (false, true) => WeightChoice.Plain,
        _ => WeightChoice.AveragedIfAny,
    };

    private static ModelConfig Preset(string name) =>
        Presets.Find(name, out string? problem) ?? throw new UsageException($"--preset: {problem}");

    private static bool IsCheckpointName(string path) =>
        CheckpointExtensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    private static void Print(IConversionReport report, bool wantsFinal)
    {
        foreach (string note in report.Notes)
            ConsoleText.Print($"note: {note}");
        foreach (ConversionSource source in report.Sources)
        {
            string weights = source.Averaged ? "averaged weights (EMA)"
                : wantsFinal || Directory.Exists(source.File) ? "final weights"
                : "final weights: the file has no averaged weights";
            ConsoleText.Print($"{source.Part.ToString().ToLowerInvariant()}: {source.File}, {weights}");
        }

        ConsoleTable.Write(
            ["part", "parameters"],
            report.Parameters.Append(KeyValuePair.Create("all", report.Parameters.Values.Sum())).Select(p => new[] { p.Key,
                $"{p.Value:N0}" }));
        ConsoleText.Print($"{report.Name} → {report.Output}");
    }
}
