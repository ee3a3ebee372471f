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

/// <summary><c>nvg evaluate neighbours</c>: whether generated images are copies of training images.</summary>
internal sealed class EvaluateNeighboursCommand
{
    private readonly Argument<string> _samples = new("samples") { Description = "Generated images: an .npz (arr_0), a folder, a .tar or a data set" };
    private readonly Option<string> _data = new("--data") { Description = "The images that the model was trained on", Required = true, HelpName = "DATA|DIR" };
    private readonly Option<string> _test = new("--test") { Description = "Images of the same kind that it was not trained on", Required = true, HelpName = "DATA|DIR" };
    private readonly Option<string> _features = new("--features") { Description = "Folder of the classifier whose features are compared", Required = true, HelpName = "DIR" };
    private readonly Option<string?> _output = new("--output", "-o") { Description = "Image of the samples that lie nearest to the training set, each beside its nearest in features and in pixels", HelpName = "FILE.png" };
    private readonly Option<string?> _report = new("--report") { Description = "Also write a report", HelpName = "FILE.html" };
    private readonly Option<int> _limit = new("--limit") { Description = "At most N samples and N test images, chosen evenly", HelpName = "N", DefaultValueFactory = _ => 2000 };
    private readonly Option<Device> _device = CommonOptions.Device();
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _json = CommonOptions.Json();

    internal static Command Create()
    {
        var arguments = new EvaluateNeighboursCommand();
        var command = new Command("neighbours", "Nearest training images of generated ones, and whether they are suspiciously near")
        {
            arguments._samples, arguments._data, arguments._test, arguments._features, arguments._output, arguments._report, arguments._limit,
            arguments._device, arguments._threads, arguments._json,
        };
        command.SetAction((parsed, cancellation) => arguments.RunAsync(parsed, cancellation));
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
        var figures = new Figures(
            parsed.GetRequiredValue(_samples), parsed.GetRequiredValue(_data), parsed.GetRequiredValue(_test), network.Name,
            study.SampleCount, study.TestCount, study.TrainingCount, study.InFeatures, study.InPixels, clock.Elapsed.TotalSeconds);
        if (parsed.GetValue(_report) is { } file)
            Report(figures, sheet!).Write(file);
        if (parsed.GetValue(_json))
            MachineOutput.Write(figures);
        else
        {
            Console.WriteLine($"{figures.SampleCount:N0} of {figures.Samples} against {figures.TrainingCount:N0} of {figures.Data}, beside {figures.TestCount:N0} of {figures.Test}");
            ConsoleTable.Write(Headings(figures), Rows(figures));
        }

        return CommandRunner.Done;
    }

    private (NeighbourStudy Study, RgbImage? Sheet) Compare(ParseResult parsed, ClassifierFeatures network, ConsoleProgress progress, CancellationToken cancellation)
    {
        int limit = parsed.GetValue(_limit);
        var training = ImageSet.Open(parsed.GetRequiredValue(_data));
        RgbImage[] Images(string path) => [.. ImageSet.Open(path).Images(limit)];
        var study = NeighbourStudy.Run(
            network, Images(parsed.GetRequiredValue(_samples)), Images(parsed.GetRequiredValue(_test)), () => training.Images(),
            new SynchronousProgress<long>(done => progress.Report($"{done} training images", null)), cancellation);
        return (study, (parsed.GetValue(_output) ?? parsed.GetValue(_report)) is null ? null : study.Sheet(cancellation));
    }

    private static string[] Headings(Figures figures) => ["", $"features of {figures.Features}", "pixels"];

    private static IEnumerable<string[]> Rows(Figures f)
    {
        string[] Row(string name, Func<MemorisationCheck, string> value) => [name, value(f.InFeatures), value(f.InPixels)];
        yield return Row("median distance of a sample to its nearest training image", c => $"{c.SampleMedian:F3}");
        yield return Row("median distance of a test image to its nearest training image", c => $"{c.TestMedian:F3}");
        yield return Row("quotient of both", c => $"{c.MedianRatio:F3}");
        yield return Row("probability that a sample lies nearer than a test image (½: alike; 1: copies)", c => $"{c.CloserThanTest:F3}");
        yield return Row("samples nearer than the nearest 1 % of test images", c => $"{c.BelowLowestTestPercent:P2}");
        yield return Row("samples under a third of the distance to the second nearest", c => $"{c.SampleCopies:P2}");
        yield return Row("test images under a third of it", c => $"{c.TestCopies:P2}");
    }

    private static HtmlReport Report(Figures figures, RgbImage sheet) => new HtmlReport("Nearest training images", DateTimeOffset.UtcNow)
        .Paragraph($"{figures.SampleCount} generated images of {figures.Samples} against the {figures.TrainingCount} training images of {figures.Data}. {figures.TestCount} images of {figures.Test}, which no training saw, are the measure: a model that copies lies nearer to its training set than they do.")
        .Section("Distances")
        .Table(Headings(figures), Rows(figures))
        .Section("The samples that lie nearest")
        .Image(sheet, "In threes: a generated image, its nearest training image in features, its nearest in pixels. Nearest in features first, row by row.")
        .Section("How this was made")
        .Code(CommandLineText.Current)
        .Settings([.. ReportVersions.Current()]);

    private sealed record Figures(
        string Samples, string Data, string Test, string Features, int SampleCount, int TestCount, long TrainingCount,
        MemorisationCheck InFeatures, MemorisationCheck InPixels, double Seconds);
}
