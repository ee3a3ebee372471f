using System.CommandLine;
using Nvg.Cli.Arguments;
using Nvg.Cli.Planning;
using Nvg.Cli.Terminal;
using Nvg.Data.Datasets;
using Nvg.Torch;
using Nvg.Training.Loop;
using Nvg.Training.Optimization;
using Nvg.Training.Runs;

namespace Nvg.Cli.Commands.Training;

/// <summary>A command of <c>nvg train</c>; a stopped run continues with <c>--resume</c>.</summary>
/// <typeparam name="TConfig">Type of the run's config.</typeparam>
internal sealed class TrainTaskCommand<TConfig>
{
    private readonly TrainedTask<TConfig> _task;
    private readonly string _name;
    private readonly Option<string> _config =
        new("--config") { Description = "Settings of the run, a JSON file", Required = true, HelpName = "FILE" };
    private readonly Option<string> _data =
        new("--data") { Description = "A data set made by nvg prepare", Required = true, HelpName = "DATA" };
    private readonly Option<string?> _sequences = new("--sequences")
    {
        Description = "Train on the sequences that another run has encoded (its folder sequences); the images of DATA may then be missing",
        HelpName = "DIR",
    };

    private readonly TrainingRunArguments _run = new("Folder of the run", "Override settings, such as training.steps=1000");

    private TrainTaskCommand(string name, TrainedTask<TConfig> task) => (_name, _task) = (name, task);

    internal static Command Create(string name, string description, TrainedTask<TConfig> task)
    {
        var arguments = new TrainTaskCommand<TConfig>(name, task);
        Command command = new Command(name, description).With(arguments._config, arguments._data).With(arguments._run.Options);
        if (task.TakesSequences)
            command.Add(arguments._sequences);
        command.SetAction(arguments.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        TConfig settings = ReadSettings(parsed);
        string data = parsed.GetRequiredValue(_data);
        string? sequences = _task.TakesSequences ? parsed.GetValue(_sequences) : null;
        return await _run.RunAsync(
            parsed, "training", process => Train(settings, data, sequences, process), model => _task.NextCommand(model, data),
            cancellation);
    }

    private TConfig ReadSettings(ParseResult parsed)
    {
        string file = parsed.GetRequiredValue(_config);
        string[] overrides = _run.Overrides(parsed);
        SettingKeys.Check(typeof(TConfig), overrides);
        if (RunKind.OfFile(file) is { Length: > 0 } kinds && !kinds.Contains(_name))
            throw new NvgDataException($"{file}: has settings for nvg train {string.Join(" or ", kinds)}, not for nvg train {_name}");
        TConfig settings = RunConfiguration.Read<TConfig>(file, overrides);
        if (_task.Validate(settings).ToList() is { Count: > 0 } problems)
            throw new NvgDataException($"{file}{(overrides.Length > 0 ? " with --set" : "")}: {string.Join("; ", problems)}");
        return settings;
    }

    private string Train(TConfig settings, string data, string? sequences, TrainingRunProcess process)
    {
        TrainingOptions options = _task.OptionsOf(settings);
        using IImageDataset images = sequences is null ? ImageDataset.Open(data) : ImageDataset.OpenLabels(data);
        using RunLock? exclusive = process.Lock();
        using ITrainingTask task = _task.Create(new TrainingStart<TConfig>(settings, images, process, sequences));
        process.Note(Summary(images, options, task, process));
        NoteLongWarmup(options, process);
        // Terms with an underscore belong to single stages.
        return process.Train(task, settings, options, "images", term => !term.Contains('_', StringComparison.Ordinal));
    }

    // The defaults are made for long runs.
    private static void NoteLongWarmup(TrainingOptions options, TrainingRunProcess process)
    {
        if (options.WarmupSteps > options.Steps / 2)
        {
            process.Note($"warning: the learning rate rises over training.warmupSteps = {options.WarmupSteps:N0} of {options.Steps:N0} "
                + $"steps; a shorter run needs fewer, such as {Math.Max(1, options.Steps / 20):N0}");
        }
    }

    private string Summary(IImageDataset images, TrainingOptions options, ITrainingTask task, TrainingRunProcess process)
    {
        string data = $"{ConsoleText.Count(images.Count, "image")} of {images.Size} × {images.Size} in "
            + $"{ConsoleText.Count(images.Classes.Count, "class")}";
        string threads = process.Device.Type == DeviceType.Cpu ? $", {ConsoleText.Count(TorchRuntime.ThreadCount, "thread")}" : "";
        string processes = process.Processes.Count > 1 ? $", {process.Processes.Count} processes" : "";
        return $"{_name}: {data}; {task.Parameters.ParameterCount / 1e6:F1} M parameters; {options.Steps:N0} steps of {options.BatchSize} "
            + $"({options.Steps * options.BatchSize / (double)task.ExampleCount:F1} epochs); {process.Device}, "
            + $"{options.Precision}{threads}{processes}; log and checkpoints in {process.Folder}";
    }
}
