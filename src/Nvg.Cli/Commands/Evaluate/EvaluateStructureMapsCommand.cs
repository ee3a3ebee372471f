using System.CommandLine;
using Nvg.Cli.Arguments;
using Nvg.Cli.Terminal;
using Nvg.Data.Loading;
using Nvg.Evaluation.Steering;
using Nvg.Granularity;
using Nvg.Imaging;
using Nvg.Sampling;
using Nvg.Sampling.Schedules;
using Nvg.Torch;

namespace Nvg.Cli.Commands.Evaluate;

/// <summary><c>nvg evaluate structure-maps</c>: compares the shapes of generated structure maps with those of real images.</summary>
internal sealed class EvaluateStructureMapsCommand
{
    private readonly Option<string?> _model = CommonOptions.Model();
    private readonly Option<string> _data =
        new("--data") { Description = "Real images: a data set, a folder or an .npz", Required = true, HelpName = "DATA" };

    private readonly Option<int> _count = new("--count")
    {
        Description = "Number of images, real and for every number of steps",
        HelpName = "N",
        DefaultValueFactory = _ => 500,
    };

    private readonly Option<string[]> _steps = new("--steps")
    {
        Description = "Step counts to compare, as for --structure-steps",
        HelpName = "N|N,N,…|auto",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => ["25", "4", "1"],
    };

    private readonly Option<ulong> _seed = new("--seed") { Description = "Seed of the first image", HelpName = "S" };
    private readonly Option<int> _batch = CommonOptions.Batch(50);
    private readonly Option<Device> _device = CommonOptions.Device();
    private readonly Option<ScalarType?> _type = CommonOptions.DataType();
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _json = CommonOptions.Json();

    internal static Command Create()
    {
        var arguments = new EvaluateStructureMapsCommand();
        Command command = new Command("structure-maps", "Compare the shapes of generated structure maps with those of real images").With(
            arguments._data, arguments._model, arguments._count, arguments._steps, arguments._seed, arguments._batch, arguments._device,
            arguments._type, arguments._threads, arguments._json);
        command.SetAction(arguments.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(_count) < 1 || parsed.GetValue(_batch) < 1)
            throw new UsageException("--count and --batch must be at least 1");
        StructureSteps[] steps = [.. parsed.GetRequiredValue(_steps).Select(text => StructureSteps.Parse(text)
            ?? throw new UsageException($"--steps takes numbers, lists such as 25,20,15,10,8, or auto; not '{text}'"))];
        CommonOptions.Apply(parsed.GetValue(_device), parsed.GetValue(_threads));
        using NvgModel model =
            NvgModel.Load(ModelFolder.Resolve(parsed.GetValue(_model)), parsed.GetValue(_device), parsed.GetDataType(_type));
        model.RequireGenerator();
        if (steps.SelectMany(s => s.Validate(model.Grid.LastStage)).FirstOrDefault() is { } problem)
            throw new UsageException(problem);
        List<MapReport> reports = await ConsoleProgress.ShowAsync(
            "comparing", progress => Task.Run(() => Compare(parsed, model, steps, progress, cancellation), CancellationToken.None));
        if (parsed.GetValue(_json))
            MachineOutput.Write(reports);
        else
            Print(reports);
        return CommandRunner.Done;
    }

    private List<MapReport> Compare(
        ParseResult parsed, NvgModel model, StructureSteps[] steps, ConsoleProgress progress, CancellationToken cancellation)
    {
        int count = parsed.GetValue(_count), batch = parsed.GetValue(_batch);
        progress.Report("real images", 0);
        var reports = new List<MapReport> { Real(model, parsed.GetRequiredValue(_data), count, batch, cancellation) };
        foreach (StructureSteps each in steps)
        {
            progress.Report(Name(each), reports.Count / (steps.Length + 1.0));
            reports.Add(Generated(model, each, parsed.GetValue(_seed), count, batch, cancellation));
        }

        return reports;
    }

    private static MapReport Real(NvgModel model, string data, int count, int batch, CancellationToken cancellation)
    {
        var set = ImageSet.Open(data);
        int side = model.Config.Tokenizer.ImageSize;
        if (set.Width != side || set.Height != side)
            throw NvgDataException.At(data, $"has images of {set.Width} × {set.Height}, the model takes {side} × {side}");
        var shapes = new MapShapes(model.Grid);
        foreach (RgbImage[] part in set.Images(count).Chunk(batch))
        {
            cancellation.ThrowIfCancellationRequested();
            using InferenceMode inference = Autograd.Inference();
            using Tensor images = ImageTensor.Load(part, model.Device);
            using GranularitySequence sequence = model.Tokenizer.Encode(images);
            Add(shapes, sequence);
        }

        return new MapReport("real images", shapes.Count, shapes.Statistics());
    }

    private static MapReport Generated(
        NvgModel model, StructureSteps steps, ulong seed, int count, int batch, CancellationToken cancellation)
    {
        SamplingOptions options = model.Config.Sampling with { StructureSteps = steps };
        int classes = model.GeneratorConfig.ClassCount;
        var shapes = new MapShapes(model.Grid);
        foreach (int[] part in Enumerable.Range(0, count).Chunk(batch))
        {
            ImageRequest[] images = Array.ConvertAll(part, i => new ImageRequest(i % classes, seed + (ulong)i));
            using SampledBatch sampled = model.Sample(images, options, cancellation: cancellation);
            Add(shapes, sampled.Sequence);
        }

        return new MapReport(Name(steps), shapes.Count, shapes.Statistics());
    }

    private static string Name(StructureSteps steps) => $"{steps}" is "1" ? "1 step" : $"{steps} steps";

    private static void Add(MapShapes shapes, GranularitySequence sequence)
    {
        using Tensor finest_BL = sequence.StructureMap(sequence.Grid.LastStage);
        foreach (long[] labels in finest_BL.ToArray<long>().Chunk(sequence.Grid.Length))
            shapes.Add(labels);
    }

    private static void Print(List<MapReport> reports)
    {
        // In the last stage every position is a cluster of its own.
        void Table(string title, Func<MapStatistics, double> value) => ConsoleTable.Write(
            [title, .. reports[0].Stages.SkipLast(1).Select(s => $"{s.Stage}")],
            reports.Select(r => (string[])[r.Maps, .. r.Stages.SkipLast(1).Select(s => $"{value(s):F3}")]));
        Table("boundary", s => s.Boundary);
        Table("largest component", s => s.LargestComponent);
        Table("autocorrelation", s => s.Autocorrelation);
    }

    private sealed record MapReport(string Maps, int Count, IReadOnlyList<MapStatistics> Stages);
}
