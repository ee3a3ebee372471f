using System.CommandLine;
using System.Diagnostics;
using Nvg.Cli.Arguments;
using Nvg.Cli.Arguments.Steering;
using Nvg.Cli.Output;
using Nvg.Cli.Terminal;
using Nvg.Imaging;
using Nvg.Labels;
using Nvg.Var;
using Nvg.Var.Sampling;

namespace Nvg.Cli.Commands.Generation;

/// <summary><c>nvg generate</c> with a VAR model: generates whole images, or the masked part of a reference.</summary>
/// <param name="arguments">The options.</param>
/// <param name="sampling">Reads sampling settings.</param>
internal sealed class VarGenerateCommand(VarGenerateArguments arguments, SamplingArguments sampling)
{
    private const string RandomClass = "random";

    internal async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        Check();
        var clock = Stopwatch.StartNew();
        using VarModel model = VarModel.Load(arguments.Folder, arguments.Device, arguments.Type);
        model.RequireGenerator();
        var request = new VarGenerationRequest
        {
            Images = Images(model, Edit(model)),
            Options = sampling.Read(parsed, model.Config.Sampling, model.Transformer.Scales.Last),
            BatchSize = arguments.Batch,
            WithStages = arguments.Stages || arguments.Gif is not null,
        };
        (List<ImageReport> images, List<string> files) = await ConsoleProgress.ShowAsync(
            "generating", progress => Task.Run(() => Generate(model, request, progress, cancellation), CancellationToken.None));
        double seconds = clock.Elapsed.TotalSeconds;
        if (arguments.Json)
            MachineOutput.Write(new Report(model.Folder, $"{arguments.Device}", request.Options!, images, files, seconds));
        else
            Print(images, seconds);
        return CommandRunner.Done;
    }

    // VAR has no structure, and a saved result is a granularity sequence.
    private void Check()
    {
        ControlRequest control = arguments.Control;
        (string Name, bool IsGiven)[] others =
        [
            ("--structure", control.Structures.Count > 0), ("--construction", control.Construction is not null),
            ("--keep", control.Keep is not null), ("--keep-stages", control.KeepStages is not null),
            ("--border", control.Border is not null), ("--to-class", control.ToClass is not null),
            ("--to-seed", control.ToSeed is not null), ("--save", arguments.Save is not null),
        ];
        if (Array.Find(others, option => option.IsGiven) is { Name: { } name })
            throw new UsageException($"{name} is for NVG models, {arguments.Folder} is a VAR model");
        if (control.IsDocument)
            throw new UsageException($"--reference {control.Reference} is the result of an NVG model: give an image");
        if (control.Reference is not null && control.Mask is null)
            throw new UsageException("with a VAR model --reference needs --mask MASK.png");
    }

    private VarEdit? Edit(VarModel model)
    {
        if (arguments.Control is not { Reference: { } reference, Mask: { } mask })
            return null;
        try
        {
            var edit = VarEdit.FromMask(
                SquareImage.Read(reference, model.Tokenizer.Config.ImageSize), ImageFile.Read(mask),
                model.Tokenizer.Quantizer.Scales.LatentSide, arguments.Control.Outside);
            Framing.Note([reference, mask]);
            return edit;
        }
        catch (ArgumentException error)
        {
            throw NvgDataException.At(mask, error.Message, innerException: error);
        }
    }

    private IReadOnlyList<VarImageRequest> Images(VarModel model, VarEdit? edit)
    {
        ClassNames names = model.Classes;
        IReadOnlyList<int> numbers = arguments.Class is not { } text ? [model.Config.Transformer!.NullClass]
            : text == RandomClass && !names.TryFind(text, out _) ? []
            : [.. ClassArguments.FindAll(names, text).Distinct()];
        IEnumerable<ulong> seeds = Enumerable.Range(0, arguments.Count).Select(k => unchecked(arguments.Seed + (ulong)k));
        return numbers.Count == 0
            ? [.. seeds.Select(s => new VarImageRequest(names.Random(s), s) { Edit = edit })]
            : [.. numbers.SelectMany(c => seeds.Select(s => new VarImageRequest(c, s) { Edit = edit }))];
    }

    private (List<ImageReport> Images, List<string> Files) Generate(
        VarModel model, VarGenerationRequest request, ConsoleProgress progress, CancellationToken cancellation)
    {
        List<IImageOutput> outputs = Outputs(model, request);
        var reports = new List<ImageReport>();
        try
        {
            var reporter = new SynchronousProgress<GenerationProgress>(
                p => progress.Report($"{p.Done} of {ConsoleText.Count(p.Count, "image")}", p.Share));
            foreach (VarImage image in model.Generate(request, reporter, cancellation: cancellation))
            {
                string? file = null;
                foreach (IImageOutput output in outputs)
                    file = output.Add(image) ?? file;
                reports.Add(new ImageReport(image.Seed, image.Class, image.Label, file));
            }

            cancellation.ThrowIfCancellationRequested();
            return (reports, [.. outputs.SelectMany(o => o.Complete())]);
        }
        catch (OperationCanceledException) when (reports.Count > 0)
        {
            throw ImageOutput.Interrupted(arguments.Output, [.. reports.Select(report => report.File)], request.Images.Count);
        }
        finally
        {
            outputs.ForEach(o => o.Dispose());
        }
    }

    private List<IImageOutput> Outputs(VarModel model, VarGenerationRequest request)
    {
        int count = request.Images.Count, side = model.Tokenizer.Config.ImageSize, stages = model.Transformer.Scales.Count;
        ImageOutput.RequireWritable(arguments.Output);
        bool hasRows = arguments.Count < count && arguments.Count > 1;
        var style = new SheetStyle(hasRows ? arguments.Count : 0, arguments.Scale, arguments.Sheet);
        var outputs = new List<IImageOutput>();
        if (arguments.Gif is { } gif)
        {
            ImageOutput.RequireSheet(gif, count, side, style, stages);
            ImageOutput.RequireWritable(gif);
            outputs.Add(new AnimationOutput(gif, style.Columns));
        }

        // Images without a class have their own folder.
        string[] labels = [.. model.Labels.Select(line => ClassLabel.Parse(line).Name), "none"];
        outputs.Add(ImageOutput.Create(arguments.Output, labels, count, side, style, arguments.Stages ? stages : 0));
        return outputs;
    }

    private void Print(List<ImageReport> images, double seconds)
    {
        string what = images is [var only] ? $"{(only.Label.Length > 0 ? only.Label : "no class")}, seed {only.Seed}"
            : ConsoleText.Count(images.Count, "image");
        Action<string> print = arguments.Output == ImageOutput.StandardOutput ? ConsoleText.Note : ConsoleText.Print;
        print($"{what} → {ImageOutput.Place(arguments.Output, [.. images.Select(image => image.File)])} ({seconds:F1} s)");
    }

    private sealed record ImageReport(ulong Seed, int Class, string Label, string? File);

    private sealed record Report(
        string Model, string Device, VarSamplingOptions Settings, IReadOnlyList<ImageReport> Images, IReadOnlyList<string> Files,
        double Seconds);
}
