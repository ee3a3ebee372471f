using System.CommandLine;
using System.Diagnostics;
using Nvg.Cli.Arguments;
using Nvg.Cli.Output;
using Nvg.Cli.Terminal;
using Nvg.Data.Datasets;
using Nvg.Data.Packing;
using Nvg.Data.Sources;

namespace Nvg.Cli.Commands.Training;

/// <summary><c>nvg prepare</c>: decodes, crops and packs a data set.</summary>
internal sealed class PrepareCommand
{
    private readonly Argument<string> _source = new("source")
    {
        Description =
            "A folder or an archive of images, one folder per class: tar, tar.gz, zip, Parquet, or shards such as a-{000..009}.tar",
    };

    private readonly Option<string> _output =
        new("--output", "-o") { Description = "Folder of the data set", Required = true, HelpName = "DATA" };

    private readonly Option<int> _size = new("--size")
    {
        Description = "Side in pixels of the square images for training; models need 16, 32, 64, 128, 256 or 512",
        DefaultValueFactory = _ => 32,
        HelpName = "N",
    };

    private readonly Option<int?> _stored = new("--stored-size")
    {
        Description = "Side of the stored squares, for random crops during training; --size by default",
        HelpName = "N",
    };

    private readonly Option<int?> _shorterSide = new("--shorter-side")
    {
        Description = "Length to which the shorter side is resized before the centre is cropped; --stored-size by default",
        HelpName = "N",
    };

    private readonly Option<bool> _keepFiles = new("--keep-files")
    {
        Description = "Store the image files and decode them during training: takes less space and allows random crops of the whole image",
    };

    private readonly Option<string?> _subset =
        new("--subset") { Description = "Use only this folder of the source, such as train", HelpName = "FOLDER" };
    private readonly Option<bool> _overwrite = ExistingOutput.Overwrite();
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _json = CommonOptions.Json();

    internal static Command Create()
    {
        var arguments = new PrepareCommand();
        Command command = new Command("prepare", "Decode, crop and pack a data set for training") { arguments._source }
            .With(arguments._output, arguments._size, arguments._stored, arguments._shorterSide, arguments._keepFiles)
            .With(arguments._subset, arguments._overwrite, arguments._threads, arguments._json);
        command.SetAction(arguments.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        PreparationOptions options = Options(parsed);
        string output = parsed.GetRequiredValue(_output);
        ExistingOutput.RequireFree(output, parsed.GetValue(_overwrite));
        var clock = Stopwatch.StartNew();
        DatasetDescription description = await ConsoleProgress.ShowAsync("packing", progress => Preparation.RunAsync(
            ImageSource.Open(parsed.GetRequiredValue(_source), parsed.GetValue(_subset)), output, options,
            new SynchronousProgress<PreparationProgress>(
                p => progress.Report($"{ConsoleText.Count(p.Done, "image")}, {p.Skipped} skipped, {p.ImagesPerSecond:F0}/s", p.Share)),
            cancellation));
        ClassBalance balance = ClassBalance.Of(description.Classes);
        if (parsed.GetValue(_json))
        {
            MachineOutput.Write(new Report(
                output, description.Count, description.Size, description.StoredSize, description.Encoded, description.Classes, balance,
                description.SkippedCount, description.Skipped, clock.Elapsed.TotalSeconds));
        }
        else
        {
            string images = ConsoleText.Count(description.Count, "image");
            ConsoleText.Print(
                $"{images} of {description.Size} × {description.Size} → {output} ({clock.Elapsed.TotalSeconds:F1} s): {balance}");
        }

        SkippedFiles.Note(description, output);
        return CommandRunner.Done;
    }

    private PreparationOptions Options(ParseResult parsed)
    {
        var options = new PreparationOptions
        {
            Size = parsed.GetValue(_size),
            StoredSize = parsed.GetValue(_stored),
            ShorterSide = parsed.GetValue(_shorterSide),
            KeepFiles = parsed.GetValue(_keepFiles),
            Threads = parsed.GetValue(_threads),
            Replaces = parsed.GetValue(_overwrite),
        };
        try
        {
            options.Validate();
        }
        catch (ArgumentException error)
        {
            throw new UsageException(error.Message);
        }

        NoteUnusualSize(options.Size);
        return options;
    }

    // A tokenizer halves the image until it reaches a grid whose side is a power of two.
    private static void NoteUnusualSize(int size)
    {
        int below = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)size + 1) / 2;
        if (size != below)
            ConsoleText.Note($"note: no model can be trained on images of {size} × {size}; the nearest sizes are {below} and {2 * below}");
    }

    private sealed record Report(
        string Data, int Count, int Size, int StoredSize, bool Encoded, IReadOnlyList<DatasetClass> Classes, ClassBalance Balance,
        int SkippedCount,
        IReadOnlyList<SkippedFile> Skipped, double Seconds);
}
