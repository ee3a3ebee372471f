using System.CommandLine;
using System.Diagnostics;
using Nvg.Cli.Arguments;
using Nvg.Cli.Output;
using Nvg.Cli.Terminal;
using Nvg.Data.Loading;
using Nvg.Evaluation.Features;
using Nvg.Evaluation.Neighbours;
using Nvg.Imaging;
using Nvg.Reporting;
using Nvg.Torch;

namespace Nvg.Cli.Commands.Evaluate;

/// <summary><c>nvg evaluate neighbours</c>: tests whether generated images are copies of training images.</summary>
internal sealed class EvaluateNeighboursCommand
{
    private readonly Argument<string> _samples =
        new("samples") { Description = "Generated images: an .npz (arr_0), a folder, a .tar or a data set" };
    private readonly Option<string> _data =
        new("--data") { Description = "The training images of the model", Required = true, HelpName = "DATA|DIR" };

    private readonly Option<string> _test = new("--test")
    {
        Description = "Images of the same kind that the model was not trained on",
        Required = true,
        HelpName = "DATA|DIR",
    };

    private readonly Option<string> _features =
        new("--features") { Description = "Classifier whose features are compared", Required = true, HelpName = "DIR" };

    private readonly Option<string?> _output = new("--output", "-o")
    {
        Description = "Image of the samples closest to the training set, with the nearest training images by features and by pixels",
        HelpName = "FILE.png",
    };

    private readonly Option<string?> _report = CommonOptions.HtmlReport();

    private readonly Option<int> _limit = new("--limit")
    {
        Description = "Maximum number of samples and of test images, chosen evenly",
        HelpName = "N",
        DefaultValueFactory = _ => 2000,
    };

    private readonly Option<Device> _device = CommonOptions.Device();
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _json = CommonOptions.Json();

    internal static Command Create()
    {
        var arguments = new EvaluateNeighboursCommand();
        Command command = new Command("neighbours",
            "Find the nearest training images of generated images, and whether they are suspiciously close") { arguments._samples }
            .With(arguments._data, arguments._test, arguments._features, arguments._output, arguments._report, arguments._limit)
            .With(arguments._device, arguments._threads, arguments._json);
        command.SetAction(arguments.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(_limit) < 1)
            throw new UsageException("--limit must be at least 1");
        foreach (string target in new[] { parsed.GetValue(_output), parsed.GetValue(_report) }.OfType<string>())
            ImageOutput.RequireWritable(target);
        CommonOptions.Apply(parsed.GetValue(_device), parsed.GetValue(_threads));
        var clock = Stopwatch.StartNew();
        using var network = ClassifierFeatures.Load(ModelFolder.Locate(parsed.GetRequiredValue(_features)), parsed.GetValue(_device));
        (NeighbourStudy study, RgbImage? sheet) = await ConsoleProgress.ShowAsync("comparing", progress => Task.Run(
            () => Compare(parsed, network, progress, cancellation), CancellationToken.None));
        if (parsed.GetValue(_output) is { } image)
            ImageFile.Write(image, sheet!);
        var metrics = new Metrics(
            parsed.GetRequiredValue(_samples), parsed.GetRequiredValue(_data), parsed.GetRequiredValue(_test), network.Name,
            study.SampleCount, study.TestCount, study.TrainingCount, study.InFeatures, study.InPixels, clock.Elapsed.TotalSeconds);
        if (parsed.GetValue(_report) is { } file)
            Report(metrics, sheet!).Write(file);
        if (parsed.GetValue(_json))
            MachineOutput.Write(metrics);
        else
        {
            ConsoleText.Print($"{metrics.SampleCount:N0} images of {metrics.Samples} against {metrics.TrainingCount:N0} of {metrics.Data}, "
                + $"compared with {metrics.TestCount:N0} test images of {metrics.Test}");
            ConsoleTable.Write(Headings(metrics), Rows(metrics));
        }

        return CommandRunner.Done;
    }

    private (NeighbourStudy Study, RgbImage? Sheet) Compare(ParseResult parsed, ClassifierFeatures network, ConsoleProgress progress,
        CancellationToken cancellation)
    {
        int limit = parsed.GetValue(_limit);
        var training = ImageSet.Open(parsed.GetRequiredValue(_data));
        RgbImage[] Images(string path) => [.. ImageSet.Open(path).Images(limit)];
        var study = NeighbourStudy.Run(
            network, Images(parsed.GetRequiredValue(_samples)), Images(parsed.GetRequiredValue(_test)), () => training.Images(),
            new SynchronousProgress<long>(done => progress.Report(
                $"{done:N0} of {ConsoleText.Count(training.Count, "training image")}", (double)done / training.Count)),
            cancellation);
        return (study, (parsed.GetValue(_output) ?? parsed.GetValue(_report)) is null ? null : study.Sheet(cancellation));
    }

    private static string[] Headings(Metrics metrics) => ["", $"features of {metrics.Features}", "pixels"];

    private static IEnumerable<string[]> Rows(Metrics m)
    {
        string[] Row(string name, Func<MemorisationCheck, string> value) => [name, value(m.InFeatures), value(m.InPixels)];
        yield return Row("median distance of a sample to its nearest training image", c => $"{c.SampleMedian:F3}");
        yield return Row("median distance of a test image to its nearest training image", c => $"{c.TestMedian:F3}");
        yield return Row("ratio of the two", c => $"{c.MedianRatio:F3}");
        yield return Row("probability that a sample is closer than a test image (½: equally close, 1: copies)",
            c => $"{c.CloserThanTest:F3}");
        yield return Row("samples closer than the closest 1 % of test images", c => $"{c.BelowLowestTestPercent:P2}");
        yield return Row("samples below a third of the distance to the second nearest", c => $"{c.SampleCopies:P2}");
        yield return Row("test images below a third of that distance", c => $"{c.TestCopies:P2}");
    }

    private static HtmlReport Report(Metrics metrics, RgbImage sheet) => new HtmlReport("Nearest training images", DateTimeOffset.UtcNow)
        .Paragraph(
            $"{metrics.SampleCount} generated images of {metrics.Samples} against {metrics.TrainingCount} training images of "
                + $"{metrics.Data}. "
            + $"{metrics.TestCount} test images of {metrics.Test} are the baseline: images of a model that copies are closer to the "
                + "training set.")
        .Section("Distances")
        .Table(Headings(metrics), Rows(metrics))
        .Section("The closest samples")
        .Image(sheet, "Groups of three: a generated image, its nearest training image by features, and its nearest by pixels; closest "
            + "by features first.")
        .Section("How to reproduce this report")
        .Code(CommandLineText.Current)
        .Settings([.. ReportVersions.Current()]);

    private sealed record Metrics(
        string Samples, string Data, string Test, string Features, int SampleCount, int TestCount, long TrainingCount,
        MemorisationCheck InFeatures, MemorisationCheck InPixels, double Seconds);
}
