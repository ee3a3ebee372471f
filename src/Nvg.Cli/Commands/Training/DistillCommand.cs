using System.CommandLine;
using Nvg.Cli.Arguments;
using Nvg.Cli.Launching;
using Nvg.Cli.Terminal;
using Nvg.Data.Datasets;
using Nvg.Torch;
using Nvg.Training.Distributed;
using Nvg.Training.Loop;
using Nvg.Training.Optimization;
using Nvg.Training.Runs;
using Nvg.Training.Tasks.Distillation;

namespace Nvg.Cli.Commands.Training;

/// <summary><c>nvg distill</c>: teaches the structure generator of a model to take few steps.</summary>
internal sealed class DistillCommand
{
    private const int DefaultSamples = 4096;

    private readonly Argument<string> _teacher =
        new("model") { Description = "The model to distil: a folder, or the name of a model that ships" };

    private readonly Option<string?> _data = new("--data")
    {
        Description = "A data set made by nvg prepare, of the model's classes",
        HelpName = "DATA",
    };

    private readonly Option<bool> _dataFree = new("--data-free")
    {
        Description = $"Distil on images that the model draws itself, {DefaultSamples} unless samples says otherwise (--set samples=N)",
    };

    private readonly Option<string> _output =
        new("--output", "-o") { Description = "Folder of the run, which gets the folder model", Required = true, HelpName = "RUN" };

    private readonly Option<bool> _resume = new("--resume") { Description = "Continue the run in the folder, if there is one" };

    private readonly Option<string[]> _set = new("--set")
    {
        Description = "Change settings, such as training.steps=5000, rankWeight=0.1 or guidanceLimit=3",
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

    internal static Command Create()
    {
        var arguments = new DistillCommand();
        const string description = "Teach the structure generator of a model to take one to four steps";
        Command command = new Command("distill", description) { arguments._teacher }
            .With(arguments._data, arguments._dataFree, arguments._output, arguments._resume, arguments._set)
            .With(arguments._device, arguments._threads, arguments._processes);
        command.SetAction(arguments.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        int count = parsed.GetValue(_processes);
        LaunchEnvironment? environment = TrainingLaunch.Environment(count);
        DistillationConfig settings = ReadSettings(parsed);
        if (environment is null or { Rank: 0 })
            CheckFolder(parsed, reports: count == 1);
        if (count > 1)
            return await ProcessLauncher.RunAsync(TrainingLaunch.ArgumentsWithout(parsed, _processes), count, cancellation);
        Device device = TrainingLaunch.DeviceOf(parsed.GetValue(_device), environment);
        CommonOptions.Apply(device, parsed.IsGiven(_threads) ? parsed.GetValue(_threads) : TrainingLaunch.DefaultThreads(environment));
        return await TrainingLaunch.RunAsync(
            environment, device, parsed.GetValue(CommandRunner.Verbose),
            (processes, linked) => DistilAsync(parsed, settings, device, processes, environment?.Launcher, linked), cancellation);
    }

    private DistillationConfig ReadSettings(ParseResult parsed)
    {
        if (parsed.GetValue(_data) is null != parsed.GetValue(_dataFree))
            throw new UsageException("nvg distill takes either --data DATA or --data-free");
        string[] overrides = parsed.GetValue(_set) ?? [];
        SettingKeys.Check(typeof(DistillationConfig), overrides);
        string teacher = ModelFolder.Locate(parsed.GetRequiredValue(_teacher));
        var defaults = DistillationConfig.For(teacher, parsed.GetValue(_dataFree) ? DefaultSamples : null);
        DistillationConfig settings = RunConfiguration.With(defaults, overrides);
        return settings.Validate().ToList() is { Count: > 0 } problems
            ? throw new NvgDataException($"--set: {string.Join("; ", problems)}")
            : settings;
    }

    private void CheckFolder(ParseResult parsed, bool reports)
    {
        string folder = parsed.GetRequiredValue(_output);
        bool hasRun = HasCheckpoint(folder), resumes = parsed.GetValue(_resume);
        if (!resumes && hasRun)
            throw new UsageException($"{folder} already has a run: continue it with --resume, or choose another folder");
        if (resumes && !hasRun && reports)
            ConsoleText.Note($"{folder} has no run to continue: a new run starts");
    }

    private async Task<int> DistilAsync(
        ParseResult parsed, DistillationConfig settings, Device device, TrainingProcesses processes, string? launcher,
        CancellationToken cancellation)
    {
        string folder = parsed.GetRequiredValue(_output);
        string? data = parsed.GetValue(_data);
        Func<ConsoleProgress, Task<string>> work = progress => Task.Run(
            () =>
            {
                using IImageDataset? images = data is null ? null : ImageDataset.Open(data);
                return Distil(settings, images, folder, device, processes, launcher, progress, cancellation);
            },
            CancellationToken.None);
        try
        {
            string model = processes.IsFirst ? await ConsoleProgress.ShowAsync("distilling", work) : await work(ConsoleProgress.Silent);
            if (processes.IsFirst)
            {
                ConsoleText.Note($"model written to {model}");
                ConsoleText.Note($"next: nvg evaluate structure-steps --model {model} --reference {settings.Teacher}");
            }

            return CommandRunner.Done;
        }
        catch (OperationCanceledException) when (processes is { IsFirst: true, Count: 1 } && HasCheckpoint(folder))
        {
            throw new InterruptedException($"the run is saved in {folder}; continue it with --resume");
        }
    }

    private static bool HasCheckpoint(string folder) => Path.Combine(folder, "checkpoints") is var checkpoints
        && Directory.Exists(checkpoints) && Directory.EnumerateFileSystemEntries(checkpoints).Any();

    private static string Distil(
        DistillationConfig settings, IImageDataset? data, string folder, Device device, TrainingProcesses processes, string? launcher,
        ConsoleProgress progress, CancellationToken cancellation)
    {
        using RunLock? exclusive = processes.IsFirst ? RunLock.Take(folder) : null;
        var prepared = new SynchronousProgress<int>(done => progress.Report(
            $"{ConsoleText.Count(done, "image")} {(data is null ? "drawn" : "encoded")}", null));
        using var task = new DistillationTraining(settings, data, device, folder, processes, prepared, cancellation);
        if (processes.IsFirst)
            ConsoleText.Note(Summary(settings, task, device, folder));
        using var trainer = new Trainer(task, settings.Training, device, folder, processes)
        {
            Accepted = () =>
            {
                if (!processes.IsFirst)
                    return;
                RunConfiguration.Write(Path.Combine(folder, "options.json"), settings);
                RunEnvironment.Write(folder, device, processes, launcher);
            },
            Warned = message => ConsoleText.Note($"warning: {message}"),
        };
        trainer.Run(
            new SynchronousProgress<TrainingProgress>(
                p => progress.Report(Describe(p, settings.Training), (double)p.Step / p.Steps)),
            cancellation);
        return trainer.ModelFolder;
    }

    private static string Summary(DistillationConfig settings, DistillationTraining task, Device device, string folder)
    {
        string images = settings.Samples is null ? "of the data set" : "drawn by the model";
        return $"distilling {settings.Teacher}: {task.Parameters.ParameterCount / 1e6:F1} M parameters of the structure generator; "
            + $"{ConsoleText.Count(task.ExampleCount, "image")} {images}; "
            + $"{settings.Training.Steps:N0} steps of {settings.Training.BatchSize}; "
            + $"{device}, {settings.Training.Precision}; log and checkpoints in {folder}";
    }

    private static string Describe(TrainingProgress p, TrainingOptions options)
    {
        string terms = string.Join(" ", p.Terms.Select(t => $"{t.Key} {t.Value:F4}"));
        return $"step {p.Step}/{p.Steps}, {p.RemainingText(options.BatchSize)} left, {terms}, {p.ImagesPerSecond:F0} sequences/s, "
            + $"{p.MemoryMiB:F0} MiB";
    }
}
