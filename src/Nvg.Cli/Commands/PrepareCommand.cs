using System.CommandLine;
using Nvg.Cli.Arguments;
using Nvg.Cli.Terminal;
using Nvg.Data.Datasets;
using Nvg.Data.Packing;
using Nvg.Data.Sources;

namespace Nvg.Cli.Commands;

/// <summary><c>nvg prepare</c>: decodes, crops and packs a data set once.</summary>
internal static class PrepareCommand
{
    internal static Command Create()
    {
        var source = new Argument<string>("source") { Description = "A folder, .tar or .tar.gz of images, one sub-folder (or .tar inside) per class" };
        var output = new Option<string>("--output", "-o") { Description = "The data set's folder", Required = true, HelpName = "DATA" };
        var size = new Option<int>("--size") { Description = "Side of the square images that a model is trained on", DefaultValueFactory = _ => 32, HelpName = "N" };
        var stored = new Option<int?>("--stored-size") { Description = "Side of the squares that are stored, for random crops while training; as --size by default", HelpName = "N" };
        var shorterSide = new Option<int?>("--shorter-side") { Description = "What the shorter side is resized to before squares are cut; as --stored-size by default", HelpName = "N" };
        var keepFiles = new Option<bool>("--keep-files") { Description = "Store image files as they came, to be decoded while training: far less room, random squares of the whole image" };
        var subset = new Option<string?>("--subset") { Description = "Only what lies below this folder of the source, such as train", HelpName = "FOLDER" };
        Option<int> threads = CommonOptions.Threads();
        Option<bool> json = CommonOptions.Json();
        var command = new Command("prepare", "Decode, crop and pack a data set once") { source, output, size, stored, shorterSide, keepFiles, subset, threads, json };
        command.SetAction((parsed, cancellation) => RunAsync(
            parsed.GetRequiredValue(source), parsed.GetRequiredValue(output), parsed.GetValue(subset),
            new PreparationOptions
            {
                Size = parsed.GetValue(size),
                StoredSize = parsed.GetValue(stored),
                ShorterSide = parsed.GetValue(shorterSide),
                KeepFiles = parsed.GetValue(keepFiles),
                Threads = parsed.GetValue(threads),
            },
            parsed.GetValue(json), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string source, string output, string? subset, PreparationOptions options, bool json, CancellationToken cancellation)
    {
        try
        {
            options.Validate();
        }
        catch (ArgumentException error)
        {
            throw new UsageException(error.Message);
        }

        var clock = System.Diagnostics.Stopwatch.StartNew();
        DatasetDescription description = await ConsoleProgress.ShowAsync("packing", progress => Preparation.RunAsync(
            ImageSource.Open(source, subset), output, options,
            new SynchronousProgress<PreparationProgress>(p => progress.Report($"{p.Done} images, {p.Skipped} skipped, {p.ImagesPerSecond:F0}/s", null)),
            cancellation));
        ClassBalance balance = ClassBalance.Of(description.Classes);
        if (json)
            MachineOutput.Write(new Report(output, description.Count, description.Size, description.StoredSize, description.Encoded, description.Classes, balance, description.SkippedCount, description.Skipped, clock.Elapsed.TotalSeconds));
        else
            Console.WriteLine($"{description.Count} images of {description.Size} × {description.Size} → {output} ({clock.Elapsed.TotalSeconds:F1} s): {balance}");
        foreach (SkippedFile file in description.Skipped)
            Console.Error.WriteLine($"skipped {file.Name}: {file.Reason}");
        return CommandRunner.Done;
    }

    private sealed record Report(
        string Data, int Count, int Size, int StoredSize, bool Encoded, IReadOnlyList<DatasetClass> Classes, ClassBalance Balance, int SkippedCount, IReadOnlyList<SkippedFile> Skipped, double Seconds);
}
