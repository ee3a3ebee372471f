using System.CommandLine;
using Nvg.Cli.Arguments;
using Nvg.Cli.Terminal;
using Nvg.Data.Datasets;
using Nvg.Training.Runs;
using Nvg.Training.Tasks.Distillation;

namespace Nvg.Cli.Commands.Training;

/// <summary><c>nvg distill</c>: teaches a generator of a model to take fewer passes.</summary>
internal sealed class DistillCommand
{
    private const int DefaultSamples = 4096;

    private readonly Argument<string> _teacher =
        new("model") { Description = "The model to distil: a folder, or the name of a shipped model" };

    private readonly Option<string?> _data = new("--data")
    {
        Description = "A data set made by nvg prepare, of the model's classes",
        HelpName = "DATA",
    };

    private readonly Option<bool> _dataFree = new("--data-free")
    {
        Description = $"Distil on images that the model draws itself, {DefaultSamples} unless samples says otherwise (--set samples=N)",
    };

    // Without a default value, because the help would show its .NET name.
    private readonly Option<DistilledPart?> _part = new("--part")
    {
        Description = "structure: few steps per split, guidance included (the default); content: guidance in one pass",
        HelpName = "structure|content",
    };

    private readonly TrainingRunArguments _run = new(
        "Folder of the run, which gets the folder model",
        "Change settings, such as training.steps=5000, rankWeight=0.1 or guidanceLimit=3");

    internal static Command Create()
    {
        var arguments = new DistillCommand();
        const string description = "Distil one of a model's generators so that it needs fewer passes";
        Command command = new Command("distill", description) { arguments._teacher }
            .With(arguments._part, arguments._data, arguments._dataFree)
            .With(arguments._run.Options);
        command.SetAction(arguments.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        DistillationConfig settings = ReadSettings(parsed);
        string? data = parsed.GetValue(_data);
        return await _run.RunAsync(
            parsed, "distilling", process => Distil(settings, data, process),
            model => settings.Part == DistilledPart.Content
                ? $"nvg evaluate precision --model {model} --reference {settings.Teacher}"
                : $"nvg evaluate structure-steps --model {model} --reference {settings.Teacher}",
            cancellation);
    }

    private DistillationConfig ReadSettings(ParseResult parsed)
    {
        if (parsed.GetValue(_data) is null != parsed.GetValue(_dataFree))
            throw new UsageException("nvg distill takes either --data DATA or --data-free");
        string[] overrides = _run.Overrides(parsed);
        SettingKeys.Check(typeof(DistillationConfig), overrides);
        string teacher = ModelFolder.Locate(parsed.GetRequiredValue(_teacher));
        int? samples = parsed.GetValue(_dataFree) ? DefaultSamples : null;
        var defaults = DistillationConfig.For(teacher, samples, parsed.GetValue(_part) ?? DistilledPart.Structure);
        DistillationConfig settings = RunConfiguration.With(defaults, overrides);
        if (settings.Part != defaults.Part)
            throw new UsageException("--set part: the part is chosen by --part");
        return settings.Validate().ToList() is { Count: > 0 } problems
            ? throw new NvgDataException($"--set: {string.Join("; ", problems)}")
            : settings;
    }

    private static string Distil(DistillationConfig settings, string? source, TrainingRunProcess process)
    {
        using IImageDataset? data = source is null ? null : ImageDataset.Open(source);
        using RunLock? exclusive = process.Lock();
        var prepared = new SynchronousProgress<int>(done => process.Progress.Report(
            $"{ConsoleText.Count(done, "image")} {(data is null ? "drawn" : "encoded")}", null));
        using var task = new DistillationTraining(
            settings, data, process.Device, process.Folder, process.Processes, prepared, process.Cancellation);
        process.Note(Summary(settings, task, process));
        return process.Train(task, settings, settings.Training, "sequences", _ => true);
    }

    private static string Summary(DistillationConfig settings, DistillationTraining task, TrainingRunProcess process)
    {
        string images = settings.Samples is null ? "of the data set" : "drawn by the model";
        return $"distilling {settings.Teacher}: {task.Parameters.ParameterCount / 1e6:F1} M parameters of the {settings.Part.Name()} "
            + $"generator; {ConsoleText.Count(task.ExampleCount, "image")} {images}; "
            + $"{settings.Training.Steps:N0} steps of {settings.Training.BatchSize}; "
            + $"{process.Device}, {settings.Training.Precision}; log and checkpoints in {process.Folder}";
    }
}
