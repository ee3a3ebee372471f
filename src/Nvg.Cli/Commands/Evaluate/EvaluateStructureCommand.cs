using System.CommandLine;
using Nvg.Cli.Arguments;
using Nvg.Cli.Terminal;
using Nvg.Data.Loading;
using Nvg.Evaluation.Steering;
using Nvg.Granularity.Construction;
using Nvg.Imaging;
using Nvg.Pretrained;
using Nvg.Torch;

namespace Nvg.Cli.Commands.Evaluate;

/// <summary><c>nvg evaluate structure</c>: compares strategies of structure construction.</summary>
internal sealed class EvaluateStructureCommand
{
    private const int MatchedPositions = 16;

    private static readonly string[] DefaultStrategies = ["greedy", "matching", "spatial:0.5", "spatial:1", "segmentation"];

    private readonly Argument<string[]> _strategies = new("strategies")
    {
        Description = "Strategies as for --construction; by default all that need no file",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<string?> _model = CommonOptions.Model();
    private readonly Option<string> _data =
        new("--data") { Description = "Images: a data set, a folder or an .npz", Required = true, HelpName = "DATA" };

    private readonly Option<int> _limit = new("--limit")
    {
        Description = "Number of images, chosen evenly",
        HelpName = "N",
        DefaultValueFactory = _ => 100,
    };

    private readonly Option<Device> _device = CommonOptions.Device();
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _json = CommonOptions.Json();

    internal static Command Create()
    {
        var arguments = new EvaluateStructureCommand();
        const string description =
            "Compare strategies of structure construction: variance inside clusters, agreement with edges, reconstruction";
        Command command = new Command("structure", description) { arguments._strategies }.With(
            arguments._data, arguments._model, arguments._limit, arguments._device, arguments._threads, arguments._json);
        command.SetAction(arguments.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(_limit) < 1)
            throw new UsageException("--limit must be at least 1");
        string[] names = parsed.GetValue(_strategies) is { Length: > 0 } given ? given : DefaultStrategies;
        StructureStrategyConfig[] strategies =
            [.. names.Select(text => StructureStrategyConfig.Parse(text, out string? problem) ?? throw new UsageException(problem!))];
        CommonOptions.Apply(parsed.GetValue(_device), parsed.GetValue(_threads));
        using NvgModel model = NvgModel.Load(ModelFolder.Resolve(parsed.GetValue(_model)), parsed.GetValue(_device), withGenerator: false);
        int side = model.Config.Tokenizer.ImageSize;
        RgbImage[] images = [.. ImageSet.Open(parsed.GetRequiredValue(_data)).Images(parsed.GetValue(_limit))];
        if (Array.Find(images, p => p.Width != side || p.Height != side) is { } wrong)
        {
            throw NvgDataException.At(
                parsed.GetRequiredValue(_data), $"has an image of {wrong.Width} × {wrong.Height}, the model takes {side} × {side}",
                "nvg prepare --size creates them");
        }

        Report report = await ConsoleProgress.ShowAsync(
            "comparing", progress => Task.Run(() => Compare(model, images, strategies, progress, cancellation), CancellationToken.None));
        if (parsed.GetValue(_json))
            MachineOutput.Write(report);
        else
            Print(report);
        return CommandRunner.Done;
    }

    private static Report Compare(
        NvgModel model, RgbImage[] images, StructureStrategyConfig[] strategies, ConsoleProgress progress, CancellationToken cancellation)
    {
        var done = new List<StrategyReport>();
        foreach (StructureStrategyConfig config in strategies)
        {
            progress.Report($"{config}", (double)done.Count / strategies.Length);
            using IStructureStrategy strategy = config.Create(VisionTransformer.LoadFeatures);
            (IReadOnlyList<StructureQuality> stages, double seconds) =
                StructureStudy.Measure(model.Tokenizer, images, strategy, cancellation: cancellation);
            done.Add(new StrategyReport($"{config}", stages, seconds));
        }

        bool canMatch = model.Config.Tokenizer.Grid.Length >= MatchedPositions;
        return new Report(done, canMatch ? StructureStudy.CompareMatching(model.Tokenizer, images, cancellation) : null);
    }

    private static void Print(Report report)
    {
        IReadOnlyList<StrategyReport> reports = report.Strategies;
        void Table(string title, Func<StructureQuality, string> value, int first) => ConsoleTable.Write(
            [title, .. reports[0].Stages.Skip(first).Select(s => $"{s.Stage}"), "ms"],
            reports.Select(r => (string[])[r.Strategy, .. r.Stages.Skip(first).Select(value), $"{r.SecondsPerImage * 1000:F2}"]));
        Table("variance inside clusters", s => $"{s.WithinVariance:F3}", 1);
        Table("agreement with edges", s => $"{s.EdgeAgreement:F3}", 1);
        Table("PSNR (dB)", s => $"{s.Psnr:F2}", 0);
        if (report.Matching is { } excess)
        {
            ConsoleText.Print($"excess cost of pairing {MatchedPositions} latents over the optimal pairing: greedy {excess.Greedy:P1}, "
                + $"matching {excess.Improved:P1}");
        }
    }

    private sealed record Report(IReadOnlyList<StrategyReport> Strategies, MatchingExcess? Matching);

    private sealed record StrategyReport(string Strategy, IReadOnlyList<StructureQuality> Stages, double SecondsPerImage);
}
