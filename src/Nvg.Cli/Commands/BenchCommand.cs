using System.CommandLine;
using Nvg.Checkpoints;
using Nvg.Evaluation;
using Nvg.Torch;

namespace Nvg.Cli.Commands;

/// <summary><c>nvg bench</c>: times each part of a model's work.</summary>
internal sealed class BenchCommand
{
    private readonly Option<string?> _model = CommonOptions.Model();
    private readonly Option<int> _repeat = new("--repeat") { Description = "Timed runs of each part, of which the median counts; at most 20 s each", HelpName = "N", DefaultValueFactory = _ => 5 };
    private readonly Option<int> _batch = new("--batch") { Description = "Pictures computed together", HelpName = "N", DefaultValueFactory = _ => 16 };
    private readonly Option<Device> _device = CommonOptions.Device();
    private readonly Option<ScalarType> _type = CommonOptions.DataType();
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _json = CommonOptions.Json();

    internal static Command Create()
    {
        var arguments = new BenchCommand();
        var command = new Command("bench", "Time each part of a model's work")
        {
            arguments._model, arguments._repeat, arguments._batch, arguments._device, arguments._type, arguments._threads, arguments._json,
        };
        command.SetAction((parsed, cancellation) => arguments.RunAsync(parsed, cancellation));
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(_repeat) < 1 || parsed.GetValue(_batch) < 1)
            throw new UsageException("--repeat and --batch must be at least 1");
        CommonOptions.Apply(parsed.GetValue(_device), parsed.GetValue(_threads));
        using NvgModel model = NvgModel.Load(ModelFolder.Resolve(parsed.GetValue(_model)), parsed.GetValue(_device), parsed.GetValue(_type));
        List<Timing> timings = await ConsoleProgress.ShowAsync("timing", progress => Task.Run(() => Measure(parsed, model, progress, cancellation), CancellationToken.None));
        if (parsed.GetValue(_json))
        {
            MachineOutput.Write(new Report(
                Machine.Here(), TorchRuntime.Version, Machine.LoadedBlas(), TorchRuntime.ThreadCount, model.Folder, $"{parsed.GetValue(_device)}", parsed.GetValue(_type), timings));
        }
        else
        {
            ConsoleTable.Write(["part", "batch", "seconds", "per second", "runs"], timings.Select(t => new[] { t.Name, $"{t.Batch}", $"{t.Seconds:G4}", $"{t.PerSecond:G4}", $"{t.Runs}" }));
        }

        return CommandRunner.Done;
    }

    private List<Timing> Measure(ParseResult parsed, NvgModel model, ConsoleProgress progress, CancellationToken cancellation)
    {
        using var timings = new ModelTimings(model, parsed.GetValue(_device), parsed.GetValue(_repeat), parsed.GetValue(_batch), cancellation);
        var done = new List<Timing>();
        foreach (Timing timing in timings.Run())
        {
            done.Add(timing);
            progress.Report(timing.Name, null);
        }

        return done;
    }

    private sealed record Report(
        Machine Machine, string Libtorch, string? Blas, int Threads, string Model, string Device, ScalarType Dtype, IReadOnlyList<Timing> Timings);
}
