using System.CommandLine;
using System.CommandLine.Parsing;
using Nvg.Checkpoints;
using Nvg.Cli.Arguments;
using Nvg.Cli.Bench;
using Nvg.Cli.Terminal;
using Nvg.Data.Datasets;
using Nvg.Data.Sources;
using Nvg.Sampling.Schedules;
using Nvg.Server.Scheduling;
using Nvg.Torch;
using Nvg.Training.Tasks.Distillation;
using Nvg.Var;

namespace Nvg.Cli.Commands;

/// <summary><c>nvg bench</c>: times each part of a model.</summary>
internal sealed class BenchCommand
{
    // The files are held in memory while they are decoded repeatedly.
    private const int MaximumDecodedFiles = 500;
    private const int DefaultBatch = 16, MaximumReplicas = 1000, QueuedImages = 256, MostRequests = 10_000;

    private readonly Option<string?> _model = CommonOptions.Model();

    private readonly Option<string?> _preset = new("--preset")
    {
        Description = $"Use random weights of a published size instead of a model: "
            + $"{string.Join(", ", [.. Presets.All.Select(preset => preset.Name), .. VarPresets.All.Select(preset => preset.Name)])}",
        HelpName = "NAME",
    };

    private readonly Option<DistilledPart[]> _distilled = new("--distilled")
    {
        Description = "With --preset: generators to treat as distilled, with guidance in one pass",
        HelpName = "structure|content",
        AllowMultipleArgumentsPerToken = true,
        CustomParser = ParseParts,
    };

    private readonly Option<string?> _save = new("--save")
    {
        Description = "With --preset: save the random model to a folder first, so that other programs can time the same weights",
        HelpName = "DIR",
    };

    private readonly Option<int> _repeat = new("--repeat")
    {
        Description = "Timed runs per part; the median is reported; at most 20 s per part",
        HelpName = "N",
        DefaultValueFactory = _ => 5,
    };

    private readonly Option<int?> _batch = new("--batch")
    {
        Description = $"Images per batch; {DefaultBatch} by default, and 1 with --preset on the CPU",
        HelpName = "N",
    };

    private readonly Option<StructureSteps?> _steps = SamplingArguments.StructureStepsOption();

    private readonly Option<bool> _imagesOnly = new("--images-only")
    {
        Description = "Time only whole images, not the parts of an NVG model",
    };

    private readonly Option<bool> _training = new("--training")
    {
        Description = "Also time a training step of generators of this size, with separate float32 weights",
    };

    private readonly Option<string?> _profile = new("--profile")
    {
        Description = "Also write which operators every part runs, and on a GPU which kernels, into a folder",
        HelpName = "DIR",
    };

    private readonly Option<int> _soak = new("--soak")
    {
        Description = "Generate N images one after another and show tensors and memory, instead of timing",
        HelpName = "N",
    };

    private readonly Option<bool> _queue = new("--queue")
    {
        Description = "Time a pass of --batch images, and simulate the latency of nvg serve against its load with the real queue",
    };

    private readonly Option<int> _serve = new("--serve")
    {
        Description = "Time nvg serve with N real requests at once: the HTTP overhead per image, images per second one by one and in "
            + "batches of --batch, and the time to the first stage",
        HelpName = "N",
    };

    private readonly Option<int> _replicas = new("--replicas")
    {
        Description = "With --queue: servers behind a load balancer",
        HelpName = "N",
        DefaultValueFactory = _ => 1,
    };

    private readonly Option<string?> _decode = new("--decode")
    {
        Description = "Time the decoding of the image files of a folder or archive into training images, instead of a model",
        HelpName = "SOURCE",
    };

    private readonly Option<int> _size =
        new("--size") { Description = "With --decode: side of the crops", HelpName = "N", DefaultValueFactory = _ => 256 };
    private readonly Option<Device> _device = CommonOptions.Device();
    private readonly Option<ScalarType?> _type = CommonOptions.DataType();
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _json = CommonOptions.Json();

    internal static Command Create()
    {
        var arguments = new BenchCommand();
        Command command = new Command("bench", "Time each part of a model")
            .With(arguments._model, arguments._preset, arguments._distilled, arguments._save, arguments._repeat, arguments._batch)
            .With(arguments._steps, arguments._imagesOnly, arguments._training, arguments._profile)
            .With(arguments._soak, arguments._queue, arguments._replicas, arguments._serve, arguments._decode, arguments._size)
            .With(arguments._device, arguments._type, arguments._threads, arguments._json);
        command.SetAction(arguments.RunAsync);
        return command;
    }

    private static DistilledPart[]? ParseParts(ArgumentResult result)
    {
        DistilledPart[] all = Enum.GetValues<DistilledPart>();
        var parts = new List<DistilledPart>();
        foreach (string name in result.Tokens.Select(token => token.Value))
        {
            if (Array.FindIndex(all, part => part.Name().Equals(name, StringComparison.OrdinalIgnoreCase)) is var index and >= 0)
                parts.Add(all[index]);
            else
                result.AddError($"--distilled takes one of {string.Join(", ", all.Select(part => part.Name()))}, not '{name}'");
        }

        return [.. parts];
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(_serve) is < 0 or > MostRequests)
            throw new UsageException($"--serve must be in 1…{MostRequests}, not {parsed.GetValue(_serve)}");
        if (parsed.GetValue(_repeat) < 1 || parsed.GetValue(_batch) < 1)
            throw new UsageException("--repeat and --batch must be at least 1");
        if (parsed.GetValue(_decode) is { } source)
            return await DecodeAsync(parsed, source, cancellation);
        CheckPreset(parsed);
        if (parsed.GetDataType(_type) == ScalarType.Int8 && (parsed.GetValue(_training) || parsed.GetValue(_save) is not null))
            throw new UsageException("--dtype int8 is for generating images: --training and --save take float32 or bfloat16");
        CommonOptions.Apply(parsed.GetValue(_device), parsed.GetValue(_threads));
        using IImageModel model = ModelOrPreset.OpenAny(
            parsed.GetValue(_model), parsed.GetValue(_preset), parsed.GetValue(_device), parsed.GetDataType(_type),
            parsed.GetValue(_distilled));
        if (parsed.GetValue(_soak) > 0 && !model.HasGenerator)
            throw new UsageException($"--soak generates images, but {model.Name} has no generator");
        CheckSteps(parsed, model);
        if (parsed.GetValue(_training) && model is not NvgModel { HasGenerator: true })
            throw new UsageException("--training is for NVG models with a generator");
        if (parsed.GetValue(_save) is { } folder)
            Save(model, folder);

        if (parsed.GetValue(_soak) > 0)
            return Soak(parsed, model, cancellation);
        if (parsed.GetValue(_queue))
        {
            return model is NvgModel served ? Queue(parsed, served, cancellation)
                : throw new UsageException("--queue is for NVG models, which the server computes");
        }

        if (parsed.GetValue(_serve) > 0)
        {
            return model is NvgModel served ? await ServeAsync(parsed, served, cancellation)
                : throw new UsageException("--serve is for NVG models, which the server computes");
        }

        List<Timing> timings = await ConsoleProgress.ShowAsync(
            "timing", progress => Task.Run(() => Measure(parsed, model, progress, cancellation), CancellationToken.None));
        Print(parsed, model.Folder.Length > 0 ? model.Folder : $"{model.Name} (random weights)", timings);
        return CommandRunner.Done;
    }

    private void CheckSteps(ParseResult parsed, IImageModel model)
    {
        if (parsed.GetValue(_steps) is not { } steps)
            return;
        if (model is not NvgModel nvg)
            throw new UsageException("--structure-steps is for NVG models: VAR has no structure");
        if (steps.Validate(nvg.Grid.LastStage).FirstOrDefault() is { } problem)
            throw new UsageException(problem);
    }

    private int Queue(ParseResult parsed, NvgModel model, CancellationToken cancellation)
    {
        if (parsed.GetValue(_replicas) is < 1 or > MaximumReplicas)
            throw new UsageException($"--replicas must be in 1…{MaximumReplicas}, not {parsed.GetValue(_replicas)}");
        model.RequireGenerator();
        int batch = parsed.GetValue(_batch) ?? GenerationRequest.DefaultBatchSize(parsed.GetValue(_device).Type);
        double seconds = QueueBench.PassSeconds(model, batch, parsed.GetValue(_repeat), cancellation);
        var limits = new QueueLimits(QueuedImages, QueuedImages / 2);
        IReadOnlyList<SimulatedLoad> loads =
            QueueBench.Run(model, parsed.GetDataType(_type), batch, seconds, parsed.GetValue(_replicas), limits);
        if (parsed.GetValue(_json))
        {
            MachineOutput.Write(new { batch, passSeconds = seconds, replicas = parsed.GetValue(_replicas), loads });
            return CommandRunner.Done;
        }

        ConsoleText.Print($"a pass of {ConsoleText.Count(batch, "image")} takes {seconds:G3} s");
        ConsoleTable.Write(
            ["load", "images/s", "batch", "median s", "95 % s", "99 % s", "refused"],
            loads.Select(l => new[]
            {
                $"{l.Load:P0}", $"{l.PerSecond:G3}", $"{l.MeanBatch:F1}", $"{l.Median:G3}", $"{l.Percentile95:G3}", $"{l.Percentile99:G3}",
                    $"{l.Refused:P1}",
            }));
        return CommandRunner.Done;
    }

    private async Task<int> ServeAsync(ParseResult parsed, NvgModel model, CancellationToken cancellation)
    {
        model.RequireGenerator();
        var bench = new ServingBench(model, parsed.GetDataType(_type), parsed.GetValue(_serve), cancellation);
        ServingSpeed speed = await ConsoleProgress.ShowAsync(
            "serving", _ => Task.Run(() => bench.RunAsync(parsed.GetValue(_batch) ?? DefaultBatch), CancellationToken.None));
        if (parsed.GetValue(_json))
        {
            MachineOutput.Write(speed);
            return CommandRunner.Done;
        }

        ConsoleText.Print(
            $"HTTP, queue and encoding add {speed.HttpMilliseconds:F2} ms to an image (95 %: {speed.HttpMilliseconds95:F2} ms; "
            + $"{speed.HttpProcessorMilliseconds:F2} ms of processor time)");
        ConsoleText.Print(
            $"the first stage appears after {speed.FirstPreviewSeconds:G3} s; a stage takes {speed.StageSeconds:G3} s on average");
        ConsoleTable.Write(
            ["computed together", "images/s", "processor seconds per image"],
            new[] { speed.OneByOne, speed.Batched }.Select(t => new[] { $"{t.Batch}", $"{t.PerSecond:G3}", $"{t.ProcessorSeconds:G3}" }));
        return CommandRunner.Done;
    }

    private void Print(ParseResult parsed, string model, List<Timing> timings)
    {
        double? peak = Machine.PeakMemoryMiB();
        if (parsed.GetValue(_json))
        {
            MachineOutput.Write(new Report(
                Machine.Current(), TorchRuntime.Version, Machine.LoadedBlas(), TorchRuntime.ThreadCount, model,
                $"{parsed.GetValue(_device)}",
                parsed.GetDataType(_type), peak, timings));
            return;
        }

        ConsoleTable.Write(
            ["part", "batch", "seconds", "per second", "runs"],
            timings.Select(t => new[] { t.Name, $"{t.Batch}", $"{t.Seconds:G4}", $"{t.PerSecond:G4}", $"{t.Runs}" }));
        if (peak is not null)
            ConsoleText.Print($"peak memory {peak:F0} MiB");
    }

    private async Task<int> DecodeAsync(ParseResult parsed, string source, CancellationToken cancellation)
    {
        if (parsed.GetValue(_size) is < 1 or > PackedDataset.LargestSide)
            throw new UsageException($"--size must be between 1 and {PackedDataset.LargestSide}");
        var duration = TimeSpan.FromSeconds(2 * parsed.GetValue(_repeat));
        DecodingSpeed speed = await ConsoleProgress.ShowAsync("decoding", _ => Task.Run(
            () => DecodingSpeed.Measure(
                ImageSource.Open(source), MaximumDecodedFiles, parsed.GetValue(_size), parsed.GetValue(_threads), duration, cancellation),
            CancellationToken.None));
        if (parsed.GetValue(_json))
        {
            MachineOutput.Write(speed);
        }
        else
        {
            ConsoleText.Print(
                $"{speed.PerSecond:F1} images/s with {ConsoleText.Count(speed.Threads, "thread")}, {speed.PerSecondAndCore:F1} per core: "
                + $"{ConsoleText.Count(speed.Images, "file")} of {speed.MeanPixels:F2} million pixels and {speed.MeanBytes / 1024:F0} KiB "
                + $"→ {speed.Size} × {speed.Size}");
        }

        return CommandRunner.Done;
    }

    // Checked first, because loading a model takes time.
    private void CheckPreset(ParseResult parsed)
    {
        string? name = parsed.GetValue(_preset);
        if (name is null && parsed.GetValue(_save) is not null)
            throw new UsageException("--save needs --preset");
        bool isDistilled = parsed.IsGiven(_distilled);
        if (name is null && isDistilled)
            throw new UsageException("--distilled needs --preset");
        bool isOfVar = name is not null && VarPresets.Find(name) is not null;
        if (isOfVar && parsed.GetValue(_model) is not null)
            throw new UsageException("--model and --preset cannot be combined");
        if (isOfVar && isDistilled)
            throw new UsageException("--distilled is for presets of NVG");
        if (!isOfVar)
            _ = ModelOrPreset.Preset(parsed.GetValue(_model), name);
    }

    private static void Save(IImageModel model, string folder)
    {
        if (model is VarModel ofVar)
        {
            VarModel.Save(folder, ofVar.Config, ofVar.Tokenizer.Parameters,
                ofVar.HasGenerator ? ofVar.Transformer.Parameters : null, ofVar.Labels, type: null);
            return;
        }

        var ofNvg = (NvgModel)model;
        NvgModel.Save(folder, ofNvg.Config, ofNvg.Tokenizer.Parameters, ofNvg.HasGenerator ? ofNvg.Generator.Parameters : null,
            ofNvg.Labels, type: null);
    }

    private int Soak(ParseResult parsed, IImageModel model, CancellationToken cancellation)
    {
        List<SoakPoint> points = [.. MemorySoak.Run(model, parsed.GetValue(_soak), cancellation)];
        if (parsed.GetValue(_json))
            MachineOutput.Write(points);
        else
            ConsoleTable.Write(["images", "live tensors", "resident MiB"],
                points.Select(p => new[] { $"{p.Calls}", $"{p.LiveTensors}", $"{p.ResidentMiB:F1}" }));
        return CommandRunner.Done;
    }

    private List<Timing> Measure(ParseResult parsed, IImageModel model, ConsoleProgress progress, CancellationToken cancellation)
    {
        // A batch of a published size takes minutes on a CPU.
        bool single = parsed.GetValue(_preset) is not null && parsed.GetValue(_device).Type == DeviceType.Cpu;
        int batch = parsed.GetValue(_batch) ?? (single ? 1 : DefaultBatch);
        Device device = parsed.GetValue(_device);
        int repeat = parsed.GetValue(_repeat);
        PartProfile? profile = parsed.GetValue(_profile) is { } folder ? new PartProfile(folder, device, ConsoleText.Note) : null;
        Action<string, int, Action>? recorder = profile is null ? null : profile.Record;
        using PartTimings timings = model is VarModel ofVar
            ? new VarTimings(ofVar, device, repeat, batch, cancellation) { Recorder = recorder }
            : new ModelTimings((NvgModel)model, device, repeat, batch, cancellation)
            {
                StructureSteps = parsed.GetValue(_steps),
                ImagesOnly = parsed.GetValue(_imagesOnly),
                Recorder = recorder,
            };
        using TrainingTimings? training = parsed.GetValue(_training)
            ? new TrainingTimings((NvgModel)model, device, repeat, batch, parsed.GetDataType(_type), cancellation) { Recorder = recorder }
            : null;
        var done = new List<Timing>();
        foreach (Timing timing in timings.Run().Concat(training?.Run() ?? []))
        {
            done.Add(timing);
            progress.Report(timing.Name, null);
        }

        return done;
    }

    private sealed record Report(
        Machine Machine, string Libtorch, string? Blas, int Threads, string Model, string Device, ScalarType Dtype, double? PeakMemoryMiB,
        IReadOnlyList<Timing> Timings);
}
