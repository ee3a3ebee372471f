using System.CommandLine;
using System.Diagnostics;
using Nvg.Cli.Arguments;
using Nvg.Cli.Output;
using Nvg.Cli.Terminal;
using Nvg.Data.Loading;
using Nvg.Data.Sources;
using Nvg.Imaging;
using Nvg.Models;
using Nvg.Previews;
using Nvg.Torch;

namespace Nvg.Cli.Commands;

/// <summary><c>nvg reconstruct</c>: encodes and decodes images with a tokenizer.</summary>
internal sealed class ReconstructCommand
{
    private const int MaximumRows = 50;

    private readonly Argument<string[]> _images = new("images")
    {
        Description = "Images, folders of images, or data sets made by nvg prepare",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string?> _model = CommonOptions.Model();

    private readonly Option<string?> _output = new("--output", "-o")
    {
        Description = "Folder for each original beside its reconstruction; without it, only the metrics are printed",
        HelpName = "DIR",
    };

    private readonly Option<bool> _stages = new("--stages") { Description = "Also draw the image and its structure map after every stage" };
    private readonly Option<int?> _limit = new("--limit") { Description = "Maximum number of images", HelpName = "N" };
    private readonly Option<int> _batch = CommonOptions.Batch(16);
    private readonly Option<Device> _device = CommonOptions.Device();
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _json = CommonOptions.Json();

    internal static Command Create()
    {
        var arguments = new ReconstructCommand();
        Command command =
            new Command("reconstruct", "Encode and decode images: reconstructions, structure maps, PSNR and SSIM") { arguments._images }
            .With(arguments._model, arguments._output, arguments._stages, arguments._limit, arguments._batch)
            .With(arguments._device, arguments._threads, arguments._json);
        command.SetAction(arguments.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(_limit) is < 1 || parsed.GetValue(_batch) < 1)
            throw new UsageException("--limit and --batch must be at least 1");
        if (parsed.GetValue(_stages) && parsed.GetValue(_output) is null)
            throw new UsageException("--stages needs a folder to write to: -o DIR");
        if (parsed.GetValue(_output) is { } target && (target == ImageOutput.StandardOutput || !ImageOutput.IsFolder(target)))
            throw new UsageException($"-o {target}: the output is a folder with one file per image");
        if (parsed.GetRequiredValue(_images).FirstOrDefault(path => !Path.Exists(path)) is { } missing)
            throw NvgDataException.At(missing, "no such file or folder", "check the path");
        Array.ForEach(parsed.GetRequiredValue(_images), InputFile.RequireImage);
        var clock = Stopwatch.StartNew();
        CommonOptions.Apply(parsed.GetValue(_device), parsed.GetValue(_threads));
        using IImageModel model =
            ImageModels.Load(ModelFolder.Resolve(parsed.GetValue(_model)), parsed.GetValue(_device), withGenerator: false);
        var report = new Report(model.Folder);
        await ConsoleProgress.ShowAsync("reconstructing", progress => Task.Run(
            () => Reconstruct(parsed, model, report, progress, cancellation), CancellationToken.None));
        foreach (SkippedFile file in report.Skipped)
            ConsoleText.Note($"skipped {file.Reason}");
        if (report.Images.Count == 0)
        {
            throw new NvgDataException(report.Skipped.Count == 0
                ? "there are no images to reconstruct"
                : $"none of {ConsoleText.Count(report.Skipped.Count, "file")} is a usable image");
        }

        report.Seconds = clock.Elapsed.TotalSeconds;
        if (parsed.GetValue(_json))
            MachineOutput.Write(report);
        else
            Print(report, parsed.GetValue(_output));
        return CommandRunner.Done;
    }

    private bool Reconstruct(ParseResult parsed, IImageModel model, Report report, ConsoleProgress progress, CancellationToken cancellation)
    {
        int limit = parsed.GetValue(_limit) ?? int.MaxValue, side = model.ImageTokenizer.ImageSize;
        string[] paths = parsed.GetRequiredValue(_images);
        IReadOnlyList<PairFiles>? files = parsed.GetValue(_output) is { } folder
            ? PairFiles.Plan(folder, SquareSource.Entries(paths, side), parsed.GetValue(_stages))
            : null;
        int count = Math.Min(limit, SquareSource.Entries(paths, side).Count());
        IEnumerable<(int Index, string Name, RgbImage Image)> images = Usable(SquareSource.Entries(paths, side), report).Take(limit);
        foreach ((int Index, string Name, RgbImage Image)[] batch in images.Chunk(parsed.GetValue(_batch)))
        {
            cancellation.ThrowIfCancellationRequested();
            ReconstructedImage[] results =
                Reconstruction.Run(model.ImageTokenizer, Array.ConvertAll(batch, p => p.Image), parsed.GetValue(_stages));
            for (int i = 0; i < batch.Length; i++)
                report.Images.Add(Write(files?[batch[i].Index], batch[i].Name, results[i]));
            progress.Report($"{report.Images.Count} of {ConsoleText.Count(count, "image")}",
                (double)(report.Images.Count + report.Skipped.Count) / (count + report.Skipped.Count));
        }

        return true;
    }

    private static IEnumerable<(int Index, string Name, RgbImage Image)> Usable(IEnumerable<SquareEntry> entries, Report report)
    {
        foreach ((int index, SquareEntry entry) in entries.Index())
        {
            RgbImage image;
            try
            {
                image = entry.Read();
            }
            catch (NvgDataException error)
            {
                report.Skipped.Add(new SkippedFile(entry.Name, error.Message));
                continue;
            }

            yield return (index, entry.Name, image);
        }
    }

    private static ImageReport Write(PairFiles? files, string name, ReconstructedImage result)
    {
        if (files is null)
            return new ImageReport(name, result.Psnr, result.Ssim, null, null);
        int enlargement = ImageGrid.ComfortableEnlargement(result.Original, 2);
        ImageFile.Write(files.Pair, ImageGrid.Compose([result.Original, result.Image], columns: 2, enlargement: enlargement));
        if (files.Stages is not null)
            ImageFile.Write(files.Stages, StageDrawing.Sheet([result.Stages]));
        return new ImageReport(name, result.Psnr, result.Ssim, files.Pair, files.Stages);
    }

    private static void Print(Report report, string? folder)
    {
        IEnumerable<string[]> rows = report.Images.Count > MaximumRows ? [] : report.Images.Select(p => Row(p.Name, p.Psnr, p.Ssim));
        ConsoleTable.Write(["image", "PSNR (dB)", "SSIM"],
            [.. rows, Row($"mean of {report.Images.Count}", report.MeanPsnr, report.MeanSsim)]);
        if (folder is not null)
            ConsoleText.Print($"{ConsoleText.Count(report.Images.Sum(p => p.Stages is null ? 1 : 2), "file")} → {folder}");
    }

    private static string[] Row(string name, double psnr, double ssim) => [name, $"{psnr:F2}", $"{ssim:F4}"];

    private sealed record ImageReport(string Name, double Psnr, double Ssim, string? File, string? Stages);

    private sealed record Report(string Model)
    {
        public List<ImageReport> Images { get; } = [];

        public List<SkippedFile> Skipped { get; } = [];

        public double MeanPsnr => Images.Average(p => p.Psnr);

        public double MeanSsim => Images.Average(p => p.Ssim);

        public double Seconds { get; set; }
    }
}
