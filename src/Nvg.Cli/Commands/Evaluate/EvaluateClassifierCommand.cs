using System.CommandLine;
using System.Diagnostics;
using Nvg.Cli.Arguments;
using Nvg.Cli.Terminal;
using Nvg.Data.Datasets;
using Nvg.Evaluation.Classes;
using Nvg.Evaluation.Features;
using Nvg.Imaging;
using Nvg.Previews;
using Nvg.Torch;

namespace Nvg.Cli.Commands.Evaluate;

/// <summary><c>nvg evaluate classifier</c>: class accuracy of real or generated images.</summary>
internal sealed class EvaluateClassifierCommand
{
    private const int Batch = 250;

    private readonly Option<string> _model = new("--model") { Description = "Folder of the classifier", Required = true, HelpName = "DIR" };

    private readonly Option<string> _data = new("--data")
    {
        Description = "A data set, a folder with one sub-folder per class, or an .npz with labels",
        Required = true,
        HelpName = "DATA|DIR|FILE.npz",
    };

    private readonly Option<int?> _heldOut = new("--held-out")
    {
        Description = "Use only the last N images of a data set, equally from all classes: those held out in training",
        HelpName = "N",
    };

    private readonly Option<int?> _limit = new("--limit") { Description = "Maximum number of images, chosen evenly", HelpName = "N" };

    private readonly Option<string?> _through = new("--through")
    {
        Description = "Classify reconstructions by the tokenizer of this model, which is the upper limit for generated images",
        HelpName = "DIR",
    };

    private readonly Option<Device> _device = CommonOptions.Device();
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _json = CommonOptions.Json();

    internal static Command Create()
    {
        var arguments = new EvaluateClassifierCommand();
        Command command = new Command("classifier", "Class accuracy of real or generated images").With(
            arguments._model, arguments._data, arguments._heldOut, arguments._limit, arguments._through, arguments._device,
            arguments._threads,
            arguments._json);
        command.SetAction(arguments.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(_limit) is < 1 || parsed.GetValue(_heldOut) is < 1)
            throw new UsageException("--limit and --held-out must be at least 1");
        CommonOptions.Apply(parsed.GetValue(_device), parsed.GetValue(_threads));
        var clock = Stopwatch.StartNew();
        using var network = ClassifierFeatures.Load(ModelFolder.Locate(parsed.GetRequiredValue(_model)), parsed.GetValue(_device));
        long count = Math.Min(
            parsed.GetValue(_limit) ?? long.MaxValue, parsed.GetValue(_heldOut) ?? LabelledImages.CountOf(parsed.GetRequiredValue(_data)));
        ClassAccuracy accuracy = await ConsoleProgress.ShowAsync("classifying", progress => Task.Run(
            () => ClassEvaluation.Run(
                network, Images(parsed, network), Batch,
                new SynchronousProgress<long>(done => progress.Report(
                    $"{done:N0} of {ConsoleText.Count(count, "image")}", Math.Min(1, (double)done / count))),
                cancellation),
            CancellationToken.None));
        var report = new Report(
            parsed.GetRequiredValue(_model), parsed.GetRequiredValue(_data), parsed.GetValue(_through), accuracy.Count, accuracy.Accuracy,
            accuracy.MeanConfidence, [.. network.Labels.Select((label, c) => OfClass(label, c, accuracy))], clock.Elapsed.TotalSeconds);
        if (parsed.GetValue(_json))
            MachineOutput.Write(report);
        else
            Print(report);
        return CommandRunner.Done;
    }

    private static ClassReport OfClass(string label, int index, ClassAccuracy accuracy)
    {
        long count = accuracy.CountOf(index);
        IEnumerable<long> predicted = Enumerable.Range(0, accuracy.ClassCount).Select(other => accuracy.Confused(index, other));
        return new ClassReport(label, count, count > 0 ? accuracy.AccuracyOf(index) : null, [.. predicted]);
    }

    private IEnumerable<LabelledImage> Images(ParseResult parsed, ClassifierFeatures network)
    {
        string path = parsed.GetRequiredValue(_data);
        int? limit = parsed.GetValue(_limit);
        IEnumerable<LabelledImage> images = parsed.GetValue(_heldOut) is { } heldOut
            ? LabelledImages.Prepared(path, network.Labels, data => HeldOutSplit.Of(data, heldOut).HeldOut, limit)
            : LabelledImages.Read(path, network.Labels, limit);
        return parsed.GetValue(_through) is { } folder ? Reconstructed(images, folder, parsed.GetValue(_device)) : images;
    }

    private static IEnumerable<LabelledImage> Reconstructed(IEnumerable<LabelledImage> images, string folder, Device device)
    {
        using NvgModel model = NvgModel.Load(ModelFolder.Locate(folder), device, withGenerator: false);
        foreach (LabelledImage[] batch in images.Chunk(Batch))
        {
            RgbImage[] decoded = Reconstruction.Decode(model.Tokenizer, Array.ConvertAll(batch, p => p.Image));
            for (int i = 0; i < batch.Length; i++)
                yield return batch[i] with { Image = decoded[i] };
        }
    }

    private static void Print(Report report)
    {
        ConsoleTable.Write(
            ["class", "images", "accuracy", "most often confused with"],
            [
                .. report.Classes.Where(c => c.Count > 0).Select((c, _) => new[] { c.Label, $"{c.Count}", $"{c.Accuracy:P2}",
                    MostConfused(report, c) }),
                ["all", $"{report.Count}", $"{report.Accuracy:P2}", $"mean probability {report.MeanConfidence:F4}"],
            ]);
    }

    private static string MostConfused(Report report, ClassReport row)
    {
        (int named, long count) = row.Named.Index().Where(n => report.Classes[n.Index].Label != row.Label).MaxBy(n => n.Item);
        return count == 0 ? "" : $"{report.Classes[named].Label} ({count})";
    }

    private sealed record ClassReport(string Label, long Count, double? Accuracy, IReadOnlyList<long> Named);

    private sealed record Report(
        string Model, string Data, string? Through, long Count, double Accuracy, double MeanConfidence, IReadOnlyList<ClassReport> Classes,
        double Seconds);
}
