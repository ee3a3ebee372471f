using System.CommandLine;
using Nvg.Cli.Arguments;
using Nvg.Cli.Output;
using Nvg.Cli.Terminal;
using Nvg.Data.Datasets;
using Nvg.Data.Loading;
using Nvg.Evaluation.Features;
using Nvg.Evaluation.TokenizerQuality;
using Nvg.Models;
using Nvg.Pretrained;
using Nvg.Torch;

namespace Nvg.Cli.Commands.Evaluate;

/// <summary><c>nvg evaluate tokenizer</c>: measures the reconstructions of a tokenizer per stage.</summary>
internal sealed class EvaluateTokenizerCommand
{
    private readonly Option<string?> _model = CommonOptions.Model();
    private readonly Option<string> _data =
        new("--data") { Description = "Images: a data set made by nvg prepare, or a folder", HelpName = "PATH", Required = true };
    private readonly Option<int?> _limit = new("--limit") { Description = "Maximum number of images, chosen evenly", HelpName = "N" };
    private readonly Option<bool> _noStages =
        new("--no-stages") { Description = "Measure only the final image, which saves one decoder pass per stage" };
    private readonly PerceptualArguments _perceptual = new();
    private readonly FeatureNetworkArguments _network = new();

    private readonly Option<string?> _output = new("--output", "-o")
    {
        Description = "Folder for report.html, report.json and the best and worst images",
        HelpName = "DIR",
    };

    private readonly Option<int> _batch = CommonOptions.Batch(16);
    private readonly Option<Device> _device = CommonOptions.Device();
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _json = CommonOptions.Json();

    internal static Command Create()
    {
        var arguments = new EvaluateTokenizerCommand();
        Command command =
            new Command("tokenizer", "Measure reconstructions: PSNR, SSIM, L1, LPIPS, Fréchet distance (rFID), codebook usage").With(
            arguments._model, arguments._data, arguments._limit, arguments._noStages, arguments._output, arguments._batch,
            arguments._device,
            arguments._threads, arguments._json);
        arguments._perceptual.AddTo(command);
        arguments._network.AddTo(command);
        command.SetAction(arguments.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(_limit) is < 2 || parsed.GetValue(_batch) < 1)
            throw new UsageException("--limit must be at least 2 and --batch at least 1");
        Device device = parsed.GetValue(_device);
        if (parsed.GetValue(_output) is { } target)
            ImageOutput.RequireWritableFolder(target);
        CommonOptions.Apply(device, parsed.GetValue(_threads));
        using IImageModel model = ImageModels.Load(ModelFolder.Resolve(parsed.GetValue(_model)), device, withGenerator: false);
        using IFeatureNetwork? network = _network.OpenIfGiven(parsed, device);
        using PerceptualDistance? perceptual = _perceptual.OpenIfGiven(parsed, device);
        var options = new TokenizerEvaluationOptions
        {
            Batch = parsed.GetValue(_batch),
            Stages = !parsed.GetValue(_noStages),
            Network = network,
            Perceptual = perceptual,
        };
        TokenizerReport report = await ConsoleProgress.ShowAsync("evaluating", progress => Task.Run(
            () => Evaluate(parsed, model, options, progress, cancellation), CancellationToken.None));
        if (parsed.GetValue(_output) is { } folder)
            TokenizerReportFiles.Write(folder, report, model.Folder, parsed.GetRequiredValue(_data));
        if (parsed.GetValue(_json))
            MachineOutput.Write(report);
        else
            Print(report);
        return CommandRunner.Done;
    }

    private TokenizerReport Evaluate(
        ParseResult parsed, IImageModel model, TokenizerEvaluationOptions options, ConsoleProgress progress, CancellationToken cancellation)
    {
        string[] data = [parsed.GetRequiredValue(_data)];
        int side = model.ImageTokenizer.ImageSize, all = SquareSource.Entries(data, side).Count();
        if (all < 2)
            throw NvgDataException.At(data[0], $"has {(all == 0 ? "no images" : "only one image")}",
                "a tokenizer is measured over at least 2");
        int count = Math.Min(parsed.GetValue(_limit) ?? all, all);
        IEnumerable<SquareEntry> chosen = SquareSource.Entries(data, side).Where((_, index) => EvenSample.Contains(index, count, all));
        return TokenizerEvaluation.Run(
            model.ImageTokenizer, chosen, count, options,
            new SynchronousProgress<int>(done => progress.Report($"{done} of {count} images", (double)done / count)), cancellation);
    }

    private static void Print(TokenizerReport report)
    {
        ConsoleText.Print($"{report.Count:N0} images{(report.Network is null ? "" : $"; features of {report.Network}")}");
        ConsoleTable.Write(["metric", "value"], TokenizerReportFiles.Metrics(report));
        ConsoleTable.Write(TokenizerReportFiles.StageHeadings(report), TokenizerReportFiles.StageRows(report));
        foreach (string note in report.Notes)
            ConsoleText.Print($"note: {note}");
    }
}
