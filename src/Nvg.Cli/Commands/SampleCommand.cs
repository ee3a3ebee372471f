using System.CommandLine;
using System.Diagnostics;
using Nvg.Cli.Arguments;
using Nvg.Cli.Output;
using Nvg.Cli.Terminal;
using Nvg.Evaluation.SampleSets;
using Nvg.Models;
using Nvg.Torch;

namespace Nvg.Cli.Commands;

/// <summary>
/// <c>nvg sample</c>: draws the images for measuring a model. Unlike <c>generate</c>, it may run for hours and on
/// several machines, and an interrupted run can be resumed.
/// </summary>
internal sealed class SampleCommand
{
    private readonly Option<string?> _model = CommonOptions.Model();
    private readonly Option<int> _perClass =
        new("--per-class") { Description = "Images per class", HelpName = "N", DefaultValueFactory = _ => 50 };

    private readonly Option<string?> _classes = new("--classes")
    {
        Description = "Class names, identifiers or numbers; all classes by default",
        HelpName = "NAME|ID[,…]",
    };

    private readonly Option<ulong> _seed = new("--seed")
    {
        Description = $"Image k of class c uses seed S + {SampleSettings.MostPerClass} c + k. 0 by default",
        HelpName = "S",
    };

    private readonly Option<string> _output = new("--output", "-o")
    {
        Description = "The file; an incomplete run is kept in FILE.npz.partial",
        Required = true,
        HelpName = "FILE.npz",
    };

    private readonly Option<string?> _shard = new("--shard")
    {
        Description = "Draw only part i of n, from 0; nvg sample merge joins the parts",
        HelpName = "i/n",
    };

    private readonly Option<bool> _resume = new("--resume") { Description = "Continue the run of this file, if there is one" };
    private readonly Option<bool> _overwrite = ExistingOutput.Overwrite();

    private readonly Option<int?> _batch = CommonOptions.GenerationBatch();

    private readonly Option<Device> _device = CommonOptions.Device();
    private readonly Option<ScalarType?> _type = CommonOptions.DataType();
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _json = CommonOptions.Json();
    private readonly SamplingArguments _sampling = new();

    internal static Command Create()
    {
        var arguments = new SampleCommand();
        Command command = new Command("sample", "Draw samples for metrics: the same number per class, resumable, in parts").With(
            arguments._model, arguments._perClass, arguments._classes, arguments._seed, arguments._output, arguments._shard,
            arguments._resume, arguments._overwrite);
        arguments._sampling.AddTo(command);
        command.With(arguments._batch, arguments._device, arguments._type, arguments._threads, arguments._json);
        command.SetAction(arguments.RunAsync);
        command.Subcommands.Add(SampleMergeCommand.Create());
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        (int Number, int Count) shard = Check(parsed);
        string output = parsed.GetRequiredValue(_output);
        var clock = Stopwatch.StartNew();
        CommonOptions.Apply(parsed.GetValue(_device), parsed.GetValue(_threads));
        using IImageModel model =
            ImageModels.Load(ModelFolder.Resolve(parsed.GetValue(_model)), parsed.GetValue(_device), parsed.GetDataType(_type));
        model.RequireGenerator();
        SampleSettings settings = Settings(parsed, model).Part(shard.Number, shard.Count);
        if (settings.Count == 0)
            throw new UsageException($"--shard {shard.Number}/{shard.Count} is empty: there are fewer batches than parts");
        bool wasComplete = IsComplete(parsed, output, settings);
        int before = wasComplete ? settings.Count : 0;
        if (!wasComplete)
        {
            ImageOutput.RequireWritable(output);
            before = await ConsoleProgress.ShowAsync(
                "sampling", progress => Task.Run(() => Draw(model, settings, output, progress, cancellation), CancellationToken.None));
        }

        Report(parsed, new SampleReport(output, settings, settings.Count - before, clock.Elapsed.TotalSeconds));
        return CommandRunner.Done;
    }

    private (int Number, int Count) Check(ParseResult parsed)
    {
        if (parsed.GetValue(_perClass) is < 1 or > SampleSettings.MostPerClass)
            throw new UsageException($"--per-class must be between 1 and {SampleSettings.MostPerClass}, not {parsed.GetValue(_perClass)}");
        if (parsed.GetValue(_batch) < 1)
            throw new UsageException($"--batch must be at least 1, not {parsed.GetValue(_batch)}");
        if (!ImageOutput.IsSamples(parsed.GetRequiredValue(_output)))
            throw new UsageException($"-o {parsed.GetRequiredValue(_output)}: the output is one file, whose name ends in .npz");
        if (parsed.GetValue(_shard) is not { } shard)
            return (0, 1);
        string[] parts = shard.Split('/');
        return parts.Length == 2 && int.TryParse(parts[0], out int number) && int.TryParse(parts[1], out int count) && number >= 0
            && number < count
            ? (number, count)
            : throw new UsageException($"--shard takes a part and the number of parts, such as 0/4 (parts 0 to 3); not '{shard}'");
    }

    private SampleSettings Settings(ParseResult parsed, IImageModel model)
    {
        IReadOnlyList<int> classes = parsed.GetValue(_classes) is { } list
            ? ClassArguments.FindAll(model.Classes, list)
            : [.. Enumerable.Range(0, model.ClassCount)];
        return Samplable(new SampleSettings
        {
            Model = model.Name,
            Fingerprint = model.Fingerprint(),
            Classes = [.. classes.Distinct()],
            PerClass = parsed.GetValue(_perClass),
            Seed = parsed.GetValue(_seed),
            Sampling = _sampling.Read(parsed, model),
            Dtype = parsed.GetDataType(_type),
            Device = parsed.GetValue(_device).Type,
            Batch = parsed.GetValue(_batch) ?? GenerationRequest.DefaultBatchSize(parsed.GetValue(_device).Type),
            ImageSize = model.ImageTokenizer.ImageSize,
        });
    }

    private static SampleSettings Samplable(SampleSettings settings) => (long)settings.Classes.Count * settings.PerClass <= int.MaxValue
        ? settings
        : throw new UsageException($"{settings.PerClass} images of {settings.Classes.Count} classes do not fit into one file");

    private bool IsComplete(ParseResult parsed, string output, SampleSettings settings)
    {
        if (!parsed.GetValue(_resume))
        {
            bool overwrite = parsed.GetValue(_overwrite);
            if (SampleFile.IsBegun(output) && !overwrite)
            {
                throw new UsageException(
                    $"{SampleFile.PartialFolder(output)} has an incomplete run: continue it with --resume, or use --overwrite");
            }

            ExistingOutput.RequireFree(output, overwrite);
            SampleFile.RemoveFolder(output);
            File.Delete(output);
            return false;
        }

        if (parsed.GetValue(_overwrite))
            throw new UsageException("--resume and --overwrite cannot be combined");

        if (!SampleArchive.IsComplete(output, settings))
            return false;
        SampleFile.RemoveFolder(output);
        return true;
    }

    // Returns the number of images that were drawn before this run.
    private static int Draw(IImageModel model, SampleSettings settings, string output, ConsoleProgress progress,
        CancellationToken cancellation)
    {
        using SampleFile file = SampleFile.Open(output, settings);
        int before = file.Done;
        var clock = Stopwatch.StartNew();
        var reports = new SynchronousProgress<GenerationProgress>(p => progress.Report(
            Describe(before + p.Done, settings.Count, p.Share * p.Count / clock.Elapsed.TotalSeconds, (1 - p.Share) * p.Count),
            (before + p.Share * p.Count) / settings.Count));
        try
        {
            SampleRun.Run(model, settings, file, reports, cancellation);
        }
        catch (IOException error) when (SampleFile.IsBegun(output))
        {
            throw new IOException($"{error.Message}; continue with --resume", error);
        }

        return before;
    }

    private static string Describe(int done, int count, double rate, double left)
    {
        TimeSpan remaining = TimeSpan.FromSeconds(Math.Min(left / rate, TimeSpan.FromDays(9999).TotalSeconds));
        string time = remaining.TotalDays >= 1 ? $@"{remaining:d\d\ hh\:mm\:ss}" : $@"{remaining:hh\:mm\:ss}";
        return $"{done} of {ConsoleText.Count(count, "image")}, {rate:G3}/s, {time} left";
    }

    private void Report(ParseResult parsed, SampleReport report)
    {
        if (parsed.GetValue(_json))
            MachineOutput.Write(report);
        else if (report.Drawn == 0)
            ConsoleText.Print($"{report.File} is complete: {ConsoleText.Count(report.Settings.Count, "image")}");
        else
            ConsoleText.Print(
                $"{ConsoleText.Count(report.Settings.Count, "image")} → {report.File}{NewlyDrawn(report)} ({report.Seconds:F1} s)");
    }

    private static string NewlyDrawn(SampleReport report) => report.Drawn < report.Settings.Count ? $", {report.Drawn} of them new" : "";

    private sealed record SampleReport(string File, SampleSettings Settings, int Drawn, double Seconds);
}
