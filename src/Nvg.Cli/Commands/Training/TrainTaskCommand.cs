using System.CommandLine;
using Nvg.Cli.Arguments;
using Nvg.Cli.Launching;
using Nvg.Cli.Planning;
using Nvg.Cli.Terminal;
using Nvg.Data.Datasets;
using Nvg.Torch;
using Nvg.Training.Distributed;
using Nvg.Training.Loop;
using Nvg.Training.Optimization;
using Nvg.Training.Runs;

namespace Nvg.Cli.Commands.Training;

/// <summary>A command of <c>nvg train</c>; a stopped run continues with <c>--resume</c>.</summary>
/// <typeparam name="TConfig">Type of the run's config.</typeparam>
internal sealed class TrainTaskCommand<TConfig>
{
    private const string CheckpointFolder = "checkpoints";

    private readonly TrainedTask<TConfig> _task;
    private readonly string _name;
    private readonly Option<string> _config =
        new("--config") { Description = "Settings of the run, a JSON file", Required = true, HelpName = "FILE" };
    private readonly Option<string> _data =
        new("--data") { Description = "A data set made by nvg prepare", Required = true, HelpName = "DATA" };
    private readonly Option<string> _output =
        new("--output", "-o") { Description = "Folder of the run", Required = true, HelpName = "RUN" };
    private readonly Option<string?> _sequences = new("--sequences")
    {
        Description = "Train on the sequences that another run has encoded (its folder sequences); the images of DATA may then be missing",
        HelpName = "DIR",
    };

    private readonly Option<bool> _resume = new("--resume") { Description = "Continue the run in the folder, if there is one" };

    private readonly Option<string[]> _set = new("--set")
    {
        Description = "Override settings, such as training.steps=1000",
        AllowMultipleArgumentsPerToken = true,
        HelpName = "key=value",
    };

    private readonly Option<int> _processes = new("--processes")
    {
        Description = "Number of training processes on this machine",
        DefaultValueFactory = _ => 1,
        HelpName = "N",
    };

    private readonly Option<Device> _device = CommonOptions.Device();
    private readonly Option<int> _threads = CommonOptions.Threads();

    private TrainTaskCommand(string name, TrainedTask<TConfig> task) => (_name, _task) = (name, task);

    internal static Command Create(string name, string description, TrainedTask<TConfig> task)
    {
        var arguments = new TrainTaskCommand<TConfig>(name, task);
        Command command = new Command(name, description).With(
            arguments._config, arguments._data, arguments._output, arguments._resume, arguments._set, arguments._device, arguments._threads,
            arguments._processes);
        if (task.TakesSequences)
            command.Add(arguments._sequences);
        command.SetAction(arguments.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        int count = parsed.GetValue(_processes);
        LaunchEnvironment? environment = TrainingLaunch.Environment(count);
        TConfig settings = ReadSettings(parsed);
        if (environment is null or { Rank: 0 })
            CheckFolder(parsed, reports: count == 1);
        if (count > 1)
            return await ProcessLauncher.RunAsync(TrainingLaunch.ArgumentsWithout(parsed, _processes), count, cancellation);
        Device device = TrainingLaunch.DeviceOf(parsed.GetValue(_device), environment);
        CommonOptions.Apply(device, parsed.IsGiven(_threads) ? parsed.GetValue(_threads) : TrainingLaunch.DefaultThreads(environment));
        return await TrainingLaunch.RunAsync(
            environment, device, parsed.GetValue(CommandRunner.Verbose),
            (processes, linked) => TrainAsync(parsed, settings, device, processes, environment?.Launcher, linked), cancellation);
    }

    private TConfig ReadSettings(ParseResult parsed)
    {
        string file = parsed.GetRequiredValue(_config);
        string[] overrides = parsed.GetValue(_set) ?? [];
        SettingKeys.Check(typeof(TConfig), overrides);
        if (RunKind.OfFile(file) is { Length: > 0 } kinds && !kinds.Contains(_name))
            throw new NvgDataException($"{file}: has settings for nvg train {string.Join(" or ", kinds)}, not for nvg train {_name}");
        TConfig settings = RunConfiguration.Read<TConfig>(file, overrides);
        if (_task.Validate(settings).ToList() is { Count: > 0 } problems)
            throw new NvgDataException($"{file}{(overrides.Length > 0 ? " with --set" : "")}: {string.Join("; ", problems)}");
        return settings;
    }

    private void CheckFolder(ParseResult parsed, bool reports)
    {
        string folder = parsed.GetRequiredValue(_output);
        bool hasRun = Directory.Exists(Path.Combine(folder, CheckpointFolder)), resumes = parsed.GetValue(_resume);
        if (!resumes && hasRun)
            throw new UsageException($"{folder} already has a run: continue it with --resume, or choose another folder");
        if (resumes && !hasRun && reports)
            ConsoleText.Note($"{folder} has no run to continue: a new run starts");
    }

    private async Task<int> TrainAsync(
        ParseResult parsed, TConfig settings, Device device, TrainingProcesses processes, string? launcher, CancellationToken cancellation)
    {
        string folder = parsed.GetRequiredValue(_output), data = parsed.GetRequiredValue(_data);
        string? sequences = _task.TakesSequences ? parsed.GetValue(_sequences) : null;
        Func<ConsoleProgress, Task<string>> work = progress => Task.Run(
            () =>
            {
                using IImageDataset images = sequences is null ? ImageDataset.Open(data) : ImageDataset.OpenLabels(data);
                return Train(new TrainingStart<TConfig>(
                    settings, images, folder, device, processes, launcher, progress, cancellation, sequences));
            },
            CancellationToken.None);
        try
        {
            string model = processes.IsFirst ? await ConsoleProgress.ShowAsync("training", work) : await work(ConsoleProgress.Silent);
            if (processes.IsFirst)
            {
                ConsoleText.Note($"model written to {model}");
                ConsoleText.Note($"next: {_task.NextCommand(model, data)}");
            }

            return CommandRunner.Done;
        }
        catch (OperationCanceledException) when (processes is { IsFirst: true, Count: 1 } && HasCheckpoint(folder))
        {
            throw new InterruptedException($"the run is saved in {folder}; continue it with --resume");
        }
    }

    private static bool HasCheckpoint(string folder) =>
        Directory.Exists(Path.Combine(folder, CheckpointFolder))
            && Directory.EnumerateFileSystemEntries(Path.Combine(folder, CheckpointFolder)).Any();

    private string Train(TrainingStart<TConfig> start)
    {
        TrainingProcesses processes = start.Processes;
        TrainingOptions options = _task.OptionsOf(start.Settings);
        using RunLock? exclusive = processes.IsFirst ? RunLock.Take(start.Folder) : null;
        using ITrainingTask task = _task.Create(start);
        if (processes.IsFirst)
        {
            ConsoleText.Note(Summary(start, options, task));
            NoteLongWarmup(options);
        }

        using var trainer = new Trainer(task, options, start.Device, start.Folder, processes)
        {
            Accepted = () =>
            {
                if (!processes.IsFirst)
                    return;
                RunConfiguration.Write(Path.Combine(start.Folder, "options.json"), start.Settings);
                RunEnvironment.Write(start.Folder, start.Device, processes, start.Launcher);
            },
            Warned = message => ConsoleText.Note($"warning: {message}"),
        };
        var reporter =
            new SynchronousProgress<TrainingProgress>(p => start.Progress.Report(Describe(p, options), (double)p.Step / p.Steps));
        trainer.Run(reporter, start.Cancellation);
        return trainer.ModelFolder;
    }

    // The defaults are those of long runs.
    private static void NoteLongWarmup(TrainingOptions options)
    {
        if (options.WarmupSteps > options.Steps / 2)
        {
            ConsoleText.Note($"warning: the learning rate rises over training.warmupSteps = {options.WarmupSteps:N0} of {options.Steps:N0} "
                + $"steps; a shorter run needs fewer, such as {Math.Max(1, options.Steps / 20):N0}");
        }
    }

    private string Summary(TrainingStart<TConfig> start, TrainingOptions options, ITrainingTask task)
    {
        string data = $"{ConsoleText.Count(start.Data.Count, "image")} of {start.Data.Size} × {start.Data.Size} in "
            + $"{ConsoleText.Count(start.Data.Classes.Count, "class")}";
        string threads = start.Device.Type == DeviceType.Cpu ? $", {ConsoleText.Count(TorchRuntime.ThreadCount, "thread")}" : "";
        string processes = start.Processes.Count > 1 ? $", {start.Processes.Count} processes" : "";
        return $"{_name}: {data}; {task.Parameters.ParameterCount / 1e6:F1} M parameters; {options.Steps:N0} steps of {options.BatchSize} "
            + $"({options.Steps * options.BatchSize / (double)task.ExampleCount:F1} epochs); {start.Device}, "
                + $"{options.Precision}{threads}{processes}; "
            + $"log and checkpoints in {start.Folder}";
    }

    private static string Describe(TrainingProgress p, TrainingOptions options)
    {
        string terms =
            string.Join(" ", p.Terms.Where(t => !t.Key.Contains('_', StringComparison.Ordinal)).Select(t => $"{t.Key} {t.Value:F4}"));
        return $"step {p.Step}/{p.Steps}, {p.RemainingText(options.BatchSize)} left, {terms}, {p.ImagesPerSecond:F0} "
            + $"images/s, {p.MemoryMiB:F0} MiB";
    }
}
