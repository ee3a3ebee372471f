using System.CommandLine;
using System.CommandLine.Parsing;
using Nvg.Cli.Arguments;
using Nvg.Cli.Launching;
using Nvg.Cli.Terminal;
using Nvg.Data.Datasets;
using Nvg.Torch;
using Nvg.Training.Distributed;
using Nvg.Training.Loop;
using Nvg.Training.Optimization;
using Nvg.Training.Runs;
using Nvg.Training.Tasks.Classifiers;
using Nvg.Training.Tasks.Generators;
using Nvg.Training.Tasks.Tokenizers;

namespace Nvg.Cli.Commands;

/// <summary><c>nvg train tokenizer|generator|classifier</c>: trains on prepared data; a run that was ended continues with <c>--resume</c>.</summary>
internal static class TrainCommand
{
    internal static Command Create() => new("train", "Train a tokenizer, a generator or a classifier on prepared data")
    {
        Create<TokenizerRunConfig>("tokenizer", "Train the multi-granularity autoencoder", c => c.Training, c => c.Validate(), (run, config, data, _, _) =>
            new TokenizerTraining(config, data, run.Device, run.Processes)),
        Create<GeneratorRunConfig>("generator", "Train content and structure generators on a frozen tokenizer", c => c.Training, c => c.Validate(), (run, config, data, progress, cancellation) =>
            new GeneratorTraining(config, data, run.Device, run.Folder, run.Processes,
                new SynchronousProgress<int>(done => progress.Report($"{done} images encoded", null)), cancellation)),
        Create<ClassifierRunConfig>("classifier", "Train a classifier, which judges and describes generated images", c => c.Training, c => c.Validate(), (run, config, data, _, _) =>
            new ClassifierTraining(config, data as PackedDataset ?? throw new UsageException("a classifier is trained on pixels: prepare the data without --keep-files"), run.Device)),
    };

    private static Command Create<TConfig>(
        string name, string description, Func<TConfig, TrainingOptions> optionsOf, Func<TConfig, IEnumerable<string>> validate,
        Func<Run, TConfig, IImageDataset, ConsoleProgress, CancellationToken, ITrainingTask> create)
    {
        var config = new Option<string>("--config") { Description = "Settings of the run, a JSON file", Required = true, HelpName = "FILE" };
        var data = new Option<string>("--data") { Description = "A data set made by nvg prepare", Required = true, HelpName = "DATA" };
        var output = new Option<string>("--output", "-o") { Description = "The run's folder", Required = true, HelpName = "RUN" };
        var resume = new Option<bool>("--resume") { Description = "Continue the run in the folder, if there is one" };
        var set = new Option<string[]>("--set") { Description = "Override settings, such as training.steps=1000", AllowMultipleArgumentsPerToken = true, HelpName = "key=value" };
        var processes = new Option<int>("--processes") { Description = "Train with so many processes on this machine", DefaultValueFactory = _ => 1, HelpName = "N" };
        Option<Device> device = CommonOptions.Device();
        Option<int> threads = CommonOptions.Threads();
        var command = new Command(name, description) { config, data, output, resume, set, device, threads, processes };
        command.SetAction(async (parsed, cancellation) =>
        {
            LaunchEnvironment? environment = TrainingLaunch.Environment(parsed.GetValue(processes));
            string settingsFile = parsed.GetRequiredValue(config), folder = parsed.GetRequiredValue(output);
            TConfig settings = RunConfiguration.Read<TConfig>(settingsFile, parsed.GetValue(set) ?? []);
            if (validate(settings).ToList() is { Count: > 0 } problems)
                throw new NvgDataException($"{settingsFile}: {string.Join("; ", problems)}");
            if (environment is null or { Rank: 0 })
                CheckFolder(folder, parsed.GetValue(resume), says: parsed.GetValue(processes) == 1);
            if (parsed.GetValue(processes) > 1)
                return await ProcessLauncher.RunAsync(TrainingLaunch.ArgumentsWithout(parsed, processes), parsed.GetValue(processes), cancellation);

            Device own = TrainingLaunch.DeviceOf(parsed.GetValue(device), environment);
            bool isGiven = parsed.GetResult(threads) is OptionResult { Implicit: false };
            CommonOptions.Apply(own, isGiven ? parsed.GetValue(threads) : TrainingLaunch.DefaultThreads(environment));
            return await TrainingLaunch.RunAsync(environment, own, parsed.GetValue(CommandRunner.Verbose), (group, linked) =>
            {
                var run = new Run(folder, own, group, environment?.Launcher);
                Func<ConsoleProgress, Task<int>> work = progress => Task.Run(() =>
                {
                    using IImageDataset images = ImageDataset.Open(parsed.GetRequiredValue(data));
                    return Train(run, settings, optionsOf(settings), () => create(run, settings, images, progress, linked), progress, linked);
                }, CancellationToken.None);
                return group.IsFirst ? ConsoleProgress.ShowAsync("training", work) : work(ConsoleProgress.Silent);
            }, cancellation);
        });
        return command;
    }

    private static void CheckFolder(string folder, bool resume, bool says)
    {
        bool holdsRun = Directory.Exists(Path.Combine(folder, "checkpoints"));
        if (!resume && holdsRun)
            throw new UsageException($"{folder} holds a run already: continue it with --resume, or choose another folder");
        if (resume && !holdsRun && says)
            Console.Error.WriteLine($"nothing to continue in {folder}: the run starts anew");
    }

    private static int Train<TConfig>(
        Run run, TConfig settings, TrainingOptions options, Func<ITrainingTask> create, ConsoleProgress progress, CancellationToken cancellation)
    {
        using RunLock? alone = run.Processes.IsFirst ? RunLock.Take(run.Folder) : null;
        using ITrainingTask task = create();
        using var trainer = new Trainer(task, options, run.Device, run.Folder, run.Processes)
        {
            Accepted = () =>
            {
                if (!run.Processes.IsFirst)
                    return;
                RunConfiguration.Write(Path.Combine(run.Folder, "options.json"), settings);
                RunEnvironment.Write(run.Folder, run.Device, run.Processes, run.Launcher);
            },
            Warned = message => Console.Error.WriteLine($"warning: {message}"),
        };
        trainer.Run(new SynchronousProgress<TrainingProgress>(p => progress.Report(Describe(p, options), (double)p.Step / p.Steps)), cancellation);
        if (run.Processes.IsFirst)
            Console.Error.WriteLine($"model written to {trainer.ModelFolder}");
        return CommandRunner.Done;
    }

    private static string Describe(TrainingProgress p, TrainingOptions options)
    {
        string terms = string.Join(" ", p.Terms.Where(t => !t.Key.Contains('_', StringComparison.Ordinal)).Select(t => $"{t.Key} {t.Value:F4}"));
        return $"step {p.Step}/{p.Steps}, {terms}, {p.ImagesPerSecond:F0} images/s, {p.Remaining(options.BatchSize):hh\\:mm\\:ss} left, {p.MemoryMiB:F0} MiB";
    }

    private sealed record Run(string Folder, Device Device, TrainingProcesses Processes, string? Launcher);
}
