using System.CommandLine;
using Nvg.Data;
using Nvg.Torch;
using Nvg.Training;

namespace Nvg.Cli.Commands;

/// <summary><c>nvg train tokenizer|generator|classifier</c>: trains on prepared data; a run that was ended continues with <c>--resume</c>.</summary>
internal static class TrainCommand
{
    internal static Command Create() => new("train", "Train a tokenizer, a generator or a classifier on prepared data")
    {
        Create("tokenizer", "Train the multi-granularity autoencoder", (run, data, cancellation) =>
            Train(run, RunConfiguration.Read<TokenizerRunConfig>(run.Config, run.Settings), c => c.Training, c => c.Validate(),
                (config, _) => new TokenizerTraining(config, data, run.Device), cancellation)),
        Create("generator", "Train content and structure generators on a frozen tokenizer", (run, data, cancellation) =>
            Train(run, RunConfiguration.Read<GeneratorRunConfig>(run.Config, run.Settings), c => c.Training, c => c.Validate(),
                (config, progress) => new GeneratorTraining(config, data, run.Device, run.Folder,
                    new SynchronousProgress<int>(done => progress.Report($"{done} pictures encoded", null)), cancellation), cancellation)),
        Create("classifier", "Train a classifier, which judges and describes generated pictures", (run, data, cancellation) =>
            Train(run, RunConfiguration.Read<ClassifierRunConfig>(run.Config, run.Settings), c => c.Training, c => c.Validate(),
                (config, _) => new ClassifierTraining(config, data as PackedDataset ?? throw new UsageException("a classifier is trained on pixels: prepare the data without --keep-files"), run.Device), cancellation)),
    };

    private static Command Create(string name, string description, Func<Run, IPictureDataset, CancellationToken, Task<int>> train)
    {
        var config = new Option<string>("--config") { Description = "Settings of the run, a JSON file", Required = true, HelpName = "FILE" };
        var data = new Option<string>("--data") { Description = "A data set made by nvg prepare", Required = true, HelpName = "DATA" };
        var output = new Option<string>("--output", "-o") { Description = "The run's folder", Required = true, HelpName = "RUN" };
        var resume = new Option<bool>("--resume") { Description = "Continue the run in the folder, if there is one" };
        var set = new Option<string[]>("--set") { Description = "Override settings, such as training.steps=1000", AllowMultipleArgumentsPerToken = true, HelpName = "key=value" };
        Option<Device> device = CommonOptions.Device();
        Option<int> threads = CommonOptions.Threads();
        var command = new Command(name, description) { config, data, output, resume, set, device, threads };
        command.SetAction(async (parsed, cancellation) =>
        {
            var run = new Run(parsed.GetRequiredValue(config), parsed.GetRequiredValue(output), parsed.GetValue(set) ?? [], parsed.GetValue(device));
            if (!parsed.GetValue(resume) && Directory.Exists(Path.Combine(run.Folder, "checkpoints")))
                throw new UsageException($"{run.Folder} holds a run already: continue it with --resume, or choose another folder");
            if (parsed.GetValue(resume) && !Directory.Exists(Path.Combine(run.Folder, "checkpoints")))
                await Console.Error.WriteLineAsync($"nothing to continue in {run.Folder}: the run starts anew");
            CommonOptions.Apply(run.Device, parsed.GetValue(threads));
            using IPictureDataset pictures = PictureDataset.Open(parsed.GetRequiredValue(data));
            return await train(run, pictures, cancellation);
        });
        return command;
    }

    private static Task<int> Train<TConfig>(
        Run run, TConfig settings, Func<TConfig, TrainingOptions> optionsOf, Func<TConfig, IEnumerable<string>> validate,
        Func<TConfig, ConsoleProgress, ITrainingTask> create, CancellationToken cancellation)
    {
        if (validate(settings).ToList() is { Count: > 0 } problems)
            throw new NvgDataException($"{run.Config}: {string.Join("; ", problems)}");
        TrainingOptions options = optionsOf(settings);
        return ConsoleProgress.ShowAsync("training", progress => Task.Run(() =>
        {
            using var alone = RunLock.Take(run.Folder);
            using ITrainingTask task = create(settings, progress);
            using var trainer = new Trainer(task, options, run.Device, run.Folder)
            {
                Accepted = () => RunConfiguration.Write(Path.Combine(run.Folder, "options.json"), settings),
            };
            trainer.Run(new SynchronousProgress<TrainingProgress>(p => progress.Report(Describe(p, options), (double)p.Step / p.Steps)), cancellation);
            Console.Error.WriteLine($"model written to {trainer.ModelFolder}");
            return CommandRunner.Done;
        }, CancellationToken.None));
    }

    private static string Describe(TrainingProgress p, TrainingOptions options)
    {
        string terms = string.Join(" ", p.Terms.Where(t => !t.Key.Contains('_', StringComparison.Ordinal)).Select(t => $"{t.Key} {t.Value:F4}"));
        return $"step {p.Step}/{p.Steps}, {terms}, {p.ImagesPerSecond:F0} images/s, {p.Remaining(options.BatchSize):hh\\:mm\\:ss} left";
    }

    private sealed record Run(string Config, string Folder, string[] Settings, Device Device);
}
