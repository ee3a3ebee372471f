using System.CommandLine;
using System.Diagnostics;
using Nvg.Cli.Arguments;
using Nvg.Cli.Planning;
using Nvg.Cli.Terminal;
using Nvg.Configuration;
using Nvg.Torch;
using Nvg.Training.Planning;
using Nvg.Training.Planning.Execution;
using Nvg.Training.Planning.Facts;

namespace Nvg.Cli.Commands.Training;

/// <summary><c>nvg train SOURCE -o RUN</c>: plans, trains and measures a model for a collection of images.</summary>
internal sealed class TrainFolderCommand
{
    private readonly Argument<string?> _source = new("source")
    {
        Description = "Images to train on: a folder, tar, zip or Parquet file, or a data set made by nvg prepare",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> _output =
        new("--output", "-o") { Description = "Folder of the run; the same command continues it", HelpName = "RUN" };

    private readonly Option<double> _hours = new("--hours")
    {
        Description = "Time for everything, in hours",
        HelpName = "H",
        DefaultValueFactory = _ => 4,
    };

    private readonly Option<int?> _size = new("--size")
    {
        Description = $"Side of the images in pixels: {string.Join(", ", ImageSizes.All)}; chosen from data and time by default",
        HelpName = "N",
    };

    // Without a default value, because the help would show its .NET name.
    private readonly Option<PlanQuality?> _quality = new("--quality")
    {
        Description = "How ambitious the plan is for the time [default: good]",
        HelpName = "draft|good|best",
    };

    private readonly Option<int> _orientations = new("--orientations")
    {
        Description = "Orientations in which an image is valid: 1 (upright), 2 (mirrored) or 8 (quarter turns too)",
        HelpName = "1|2|8",
        DefaultValueFactory = _ => 2,
    };

    private readonly Option<string?> _subset =
        new("--subset") { Description = "Use only this folder of the source, such as train", HelpName = "FOLDER" };

    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Print the plan and stop" };

    private readonly Option<string?> _plan = new("--plan")
    {
        Description = "Write the settings of the plan, to edit them, and stop: a folder of configs, or one .json file",
        HelpName = "FILE",
    };

    private readonly Option<bool> _init =
        new("--init") { Description = "Write configs with a comment for every setting, and their schemas, to the folder -o and stop" };

    private readonly Option<bool> _overwrite = new("--overwrite") { Description = "Replace existing settings, with --init and --plan" };

    private readonly Option<ulong> _seed = new("--seed")
    {
        Description = "Seed of initial weights, data order and noise",
        HelpName = "S",
        DefaultValueFactory = _ => 1,
    };

    private readonly Option<Device> _device = CommonOptions.Device();
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _json = new("--json") { Description = "Print the plan as JSON" };
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    /// <summary>Adds the arguments to the command that also has the single training tasks as sub-commands.</summary>
    internal static void AddTo(Command command)
    {
        var arguments = new TrainFolderCommand();
        command.Arguments.Add(arguments._source);
        command.With(arguments._output, arguments._hours, arguments._size, arguments._quality, arguments._orientations)
            .With(arguments._subset, arguments._dryRun, arguments._plan, arguments._init, arguments._overwrite)
            .With(arguments._seed, arguments._device, arguments._threads, arguments._json);
        command.SetAction(arguments.RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(_init))
            return Initialize(parsed);
        string source = Source(parsed);
        string? output = parsed.GetValue(_output), export = parsed.GetValue(_plan);
        bool plansOnly = parsed.GetValue(_dryRun) || export is not null;
        if (output is null && !plansOnly)
            throw new UsageException("no output folder: use -o RUN, or --dry-run to see only the plan");
        PlanRequest request = Request(parsed, source, output);
        Device device = parsed.GetValue(_device);
        if (output is not null && !plansOnly && PlanFiles.ReadFrom(output) is { } begun)
        {
            RequireSame(begun, request, source, output);
            CommonOptions.Apply(device, parsed.GetValue(_threads));
            return await ExecuteAsync(parsed, begun, source, output, device, cancellation);
        }

        CommonOptions.Apply(device, parsed.GetValue(_threads));
        TrainingPlan plan = await ConsoleProgress.ShowAsync("planning", progress => Task.Run(
            () => new PlanMaking(request, device, progress, cancellation).Plan(source, parsed.GetValue(_subset)), CancellationToken.None));
        Show(parsed, plan, plansOnly);
        if (export is not null)
            Export(export, plan, output, source, parsed.GetValue(_overwrite));
        if (plansOnly)
            return CommandRunner.Done;
        Directory.CreateDirectory(output!);
        PlanFiles.WriteTo(output!, plan);
        return await ExecuteAsync(parsed, plan, source, output!, device, cancellation);
    }

    private int Initialize(ParseResult parsed)
    {
        string folder = parsed.GetValue(_output)
            ?? throw new UsageException("no output folder: use nvg train --init -o FOLDER");
        foreach (string file in SettingsTemplates.Write(folder, parsed.GetValue(_size) ?? SettingsTemplates.UsualSize,
            parsed.GetValue(_overwrite)))
            ConsoleText.Print(file);
        ConsoleText.Note($"next: nvg prepare IMAGES -o data --size {parsed.GetValue(_size) ?? SettingsTemplates.UsualSize}, then "
            + $"nvg train tokenizer --config {Path.Combine(folder, "tokenizer.json")} --data data -o runs/tokenizer");
        return CommandRunner.Done;
    }

    private string Source(ParseResult parsed)
    {
        IEnumerable<string> commands = parsed.CommandResult.Command.Subcommands.Select(c => c.Name);
        if (parsed.GetValue(_source) is not { } source)
        {
            throw new UsageException(
                $"'train' needs images to train on, or one of the commands {string.Join(", ", commands)} "
                + "(nvg train --help shows the options)");
        }

        // A pattern of shards is not a path.
        if (!Path.Exists(source) && NearestNames.Of(source, commands, most: 1) is [var near, ..])
            throw new UsageException($"there is no folder or file '{source}', and no such command; did you mean {near}?");
        return source;
    }

    private PlanRequest Request(ParseResult parsed, string source, string? output)
    {
        var request = new PlanRequest
        {
            Name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(output ?? source))),
            Hours = parsed.GetValue(_hours),
            Size = parsed.GetValue(_size),
            Quality = parsed.GetValue(_quality) ?? PlanQuality.Good,
            Orientations = parsed.GetValue(_orientations),
            Seed = parsed.GetValue(_seed),
        };
        if (request.Validate().ToList() is { Count: > 0 } problems)
            throw new UsageException(string.Join("; ", problems.Select(problem => $"--{problem}")));
        return request;
    }

    private static void RequireSame(TrainingPlan begun, PlanRequest request, string source, string output)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(source)));
        PlanRequest old = begun.Request;
        (string Option, string Then, string Now)[] settings =
        [
            ("the images", begun.Data.Source, name),
            ("--hours", $"{old.Hours:G6}", $"{request.Hours:G6}"),
            ("--size", $"{old.Size}", $"{request.Size}"),
            ("--quality", $"{old.Quality}".ToLowerInvariant(), $"{request.Quality}".ToLowerInvariant()),
            ("--orientations", $"{old.Orientations}", $"{request.Orientations}"),
            ("--seed", $"{old.Seed}", $"{request.Seed}"),
        ];
        if (begun.Request == request && begun.Data.Source == name)
            return;
        IEnumerable<string> others = settings.Where(setting => setting.Then != setting.Now).Select(setting =>
            $"{setting.Option} {(setting.Then.Length > 0 ? setting.Then : "not given")} instead of "
            + (setting.Now.Length > 0 ? setting.Now : "none"));
        throw new UsageException(
            $"{output} was started with {string.Join(", ", others)}: continue it with the same options, or choose another folder");
    }

    private void Show(ParseResult parsed, TrainingPlan plan, bool isResult)
    {
        if (parsed.GetValue(_json))
        {
            ConsoleText.Print(NvgJson.Write(plan));
            return;
        }

        foreach (string line in PlanLines.Of(plan, PlanLines.Width(isResult)))
        {
            if (isResult)
                ConsoleText.Print(line);
            else
                ConsoleText.Note(line);
        }
    }

    private static void Export(string target, TrainingPlan plan, string? output, string source, bool overwrite)
    {
        string data = plan.Data.PreparedSide is not null ? source : Path.Combine(output ?? "data");
        IReadOnlyList<string> commands = PlanFiles.Export(target, plan, data, overwrite);
        if (commands.Count > 0 && plan.Data.PreparedSide is null)
            ConsoleText.Note($"next: nvg prepare {source} -o {data} --size {plan.Size}");
        foreach (string command in commands)
            ConsoleText.Note($"then: {command}");
    }

    private async Task<int> ExecuteAsync(
        ParseResult parsed, TrainingPlan plan, string source, string output, Device device, CancellationToken cancellation)
    {
        var folder = new PlanFolder(output, plan.Data.PreparedSide is null ? null : source);
        var run = new PlanRun(plan, folder, device, new RunClock(output, _clock.Elapsed.TotalSeconds));
        try
        {
            await run.RunAsync(source, parsed.GetValue(_subset), cancellation);
            return CommandRunner.Done;
        }
        catch (OperationCanceledException)
        {
            throw new InterruptedException($"the run is saved in {output}; the same command continues it");
        }
    }
}
