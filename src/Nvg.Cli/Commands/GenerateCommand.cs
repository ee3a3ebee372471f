using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Nvg.Cli.Arguments;
using Nvg.Cli.Output;
using Nvg.Cli.Terminal;
using Nvg.Control;
using Nvg.Documents;
using Nvg.Labels;
using Nvg.Sampling;
using Nvg.Torch;

namespace Nvg.Cli.Commands;

/// <summary><c>nvg generate</c>: draws images.</summary>
internal sealed class GenerateCommand
{
    private const string AnyClass = "random";

    private readonly Option<string?> _model = CommonOptions.Model();
    private readonly Option<string> _class = new("--class")
    {
        Description = "Names, identifiers or numbers of classes, or random: then each seed chooses one",
        HelpName = "NAME|ID[,…]|random",
        DefaultValueFactory = _ => AnyClass,
    };

    private readonly Option<int> _count = new("--count") { Description = "Images of each class that is named", HelpName = "N", DefaultValueFactory = _ => 1 };
    private readonly Option<ulong> _seed = new("--seed") { Description = "Seed of the first image; image k of a class has S + k and depends on that alone", HelpName = "S" };
    private readonly Option<string> _output = new("--output", "-o")
    {
        Description = "One grid (.png, .jpg, .webp), a folder for DIR/<class>/<seed>.png, or an .npz of all images",
        Required = true,
        HelpName = "FILE.png|DIR|FILE.npz",
    };

    private readonly Option<string?> _save = new("--save") { Description = "Also keep every image's whole sequence: DIR/<class>/<seed>.nvg, to show, edit and continue", HelpName = "DIR" };
    private readonly Option<bool> _stages = new("--stages") { Description = "Draw for every stage the image so far and its structure map" };
    private readonly Option<string?> _gif = new("--gif") { Description = "Also write the growth as an animation", HelpName = "FILE.gif" };
    private readonly Option<int?> _batch = new("--batch") { Description = "Images computed together: as many as those of a saved result were, else 1 on the processor, 16 on a GPU. Another number may round differently", HelpName = "N" };
    private readonly Option<Device> _device = CommonOptions.Device();
    private readonly Option<ScalarType?> _type = CommonOptions.DataType();
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _json = CommonOptions.Json();
    private readonly SamplingArguments _sampling = new();
    private readonly ControlArguments _control = new();

    internal static Command Create()
    {
        var arguments = new GenerateCommand();
        var command = new Command("generate", "Draw images of classes, freely or along given structure")
        {
            arguments._model, arguments._class, arguments._count, arguments._seed, arguments._output, arguments._save,
        };
        arguments._sampling.AddTo(command);
        arguments._control.AddTo(command);
        foreach (Option option in new Option[] { arguments._stages, arguments._gif, arguments._batch, arguments._device, arguments._type, arguments._threads, arguments._json })
            command.Options.Add(option);
        command.SetAction((parsed, cancellation) => arguments.RunAsync(parsed, cancellation));
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        Check(parsed);
        var clock = Stopwatch.StartNew();
        CommonOptions.Apply(parsed.GetValue(_device), parsed.GetValue(_threads));
        ImageDocument? document = _control.ReadDocument(parsed);
        ScalarType type = parsed.GetValue(_type) ?? document?.Description.Dtype ?? ScalarType.Float32;
        using NvgModel model = NvgModel.Load(ModelFolder.Resolve(parsed.GetValue(_model)), parsed.GetValue(_device), type);
        model.RequireGenerator();
        GivenRows given = _control.Read(parsed, model, document);
        GenerationRequest request = Request(parsed, model, given, document);
        _control.Explain(parsed, given.Plan);
        (List<ImageReport> images, List<string> files) = await ConsoleProgress.ShowAsync(
            "generating", progress => Task.Run(() => Generate(parsed, model, type, request, given, progress, cancellation), CancellationToken.None));
        if (parsed.GetValue(_json))
            MachineOutput.Write(new Report(model.Folder, $"{parsed.GetValue(_device)}", type, request.Options!, images, files, clock.Elapsed.TotalSeconds));
        else
            Print(parsed, images, clock.Elapsed.TotalSeconds);
        return CommandRunner.Done;
    }

    private void Print(ParseResult parsed, List<ImageReport> images, double seconds)
    {
        foreach (ImageReport image in images.Where(p => p.Change is not null))
        {
            Console.WriteLine($"seed {image.Seed}{(image.Variant is { } variant ? $", {variant}" : "")}: mean change {image.Change!.MeanInside:F1} of 255 inside the mask, {image.Change.MeanOutside:F2} outside "
                + $"(by distance in latent positions: {string.Join(", ", image.Change.MeanByDistance.Skip(1).Select(c => $"{c:F2}"))})");
        }

        Console.WriteLine($"{images.Count} {(images.Count == 1 ? "image" : "images")} → {parsed.GetValue(_output)} ({seconds:F1} s)");
    }

    private void Check(ParseResult parsed)
    {
        if (parsed.GetValue(_count) < 1)
            throw new UsageException($"--count must be at least 1, not {parsed.GetValue(_count)}");
        if (parsed.GetValue(_batch) < 1)
            throw new UsageException($"--batch must be at least 1, not {parsed.GetValue(_batch)}");
        ImageOutput.Check(parsed.GetRequiredValue(_output), parsed.GetValue(_stages));
        if (parsed.GetValue(_gif) is { } gif && !Path.GetExtension(gif).Equals(".gif", StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"--gif {gif}: the name must end in .gif");
        _control.Check(parsed);
        foreach (string output in new[] { parsed.GetRequiredValue(_output), parsed.GetValue(_gif) }.OfType<string>().Concat(_control.Outputs(parsed)))
        {
            if (IsInput(parsed, output))
                throw new UsageException($"{output} is read by this command: choose another output");
        }
    }

    private bool IsInput(ParseResult parsed, string file) => _control.Inputs(parsed).Select(FilePlace.Of).Contains(FilePlace.Of(file), FilePlace.Comparer);

    private GenerationRequest Request(ParseResult parsed, NvgModel model, GivenRows given, ImageDocument? document)
    {
        ClassNames names = model.Classes;
        int count = parsed.GetValue(_count);
        ulong seed = IsGiven(parsed, _seed) || document is null ? parsed.GetValue(_seed) : document.Description.Seed;
        IReadOnlyList<ImageRequest> images = Images(parsed, names, count, seed, document);
        if (_control.Way(parsed, names, count, images.Select(p => p.Class).Distinct().Count()) is { } way)
            images = [.. Enumerable.Range(0, count).Select(k => images[0] with { Interpolation = way with { Share = k / (count - 1.0) } }).Select(p => p with { Variant = WayName(p.Interpolation!.Share) })];
        DeviceType device = parsed.GetValue(_device).Type;
        // As many together as before round alike. Another image than the document's own, or another kind of device, rounds
        // otherwise anyhow; and earlier documents do not say how many they were.
        bool isSame = document?.Description is { } made && made.Device == device && made.Format >= ImageDescription.FirstCheckedFormat
            && !IsGiven(parsed, _class) && !IsGiven(parsed, _seed);
        int? again = isSame ? document!.Description.Batch : null;
        return new GenerationRequest
        {
            Images = [.. given.Rows.SelectMany(row => images.Select(p => p with { Given = row.Given, Surroundings = given.Surroundings, Variant = Joined(row.Variant, p.Variant) }))],
            Options = _sampling.Read(parsed, document?.Description.Sampling ?? model.Config.Sampling, model.GeneratorConfig.Grid.LastStage),
            BatchSize = parsed.GetValue(_batch) ?? again,
            FillsBatches = parsed.GetValue(_batch) is null && again is not null,
            WithStages = parsed.GetValue(_stages) || parsed.GetValue(_gif) is not null,
        };
    }

    // By its place and not its number, so that a saved one that is continued has the name again.
    private static string WayName(double share) => string.Create(CultureInfo.InvariantCulture, $"way{share:0.####}");

    private static string? Joined(string? row, string? own) => row is null || own is null ? row ?? own : $"{row}.{own}";

    private IReadOnlyList<ImageRequest> Images(ParseResult parsed, ClassNames names, int count, ulong seed, ImageDocument? document)
    {
        string classes = parsed.GetRequiredValue(_class);
        if (document is not null && !IsGiven(parsed, _class))
            return [.. GenerationRequest.OfClasses([document.Description.Class], count, seed).Select(p => p with { Interpolation = document.Description.Interpolation, Variant = document.Description.Interpolation is { } way ? WayName(way.Share) : null })];
        // A class that is called random comes before the word of this command.
        return classes == AnyClass && !names.TryFind(classes, out _)
            ? GenerationRequest.OfRandomClasses(names, count, seed)
            : GenerationRequest.OfClasses([.. ClassArguments.FindAll(names, classes).Distinct()], count, seed);
    }

    private static bool IsGiven(ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };

    private (List<ImageReport> Images, List<string> Files) Generate(
        ParseResult parsed, NvgModel model, ScalarType type, GenerationRequest request, GivenRows given, ConsoleProgress progress, CancellationToken cancellation)
    {
        var reports = new List<ImageReport>();
        List<IImageOutput> outputs = Outputs(parsed, model, type, request, given.Rows.Count);
        try
        {
            CheckFiles(parsed, [.. request.Images.SelectMany(p => outputs.SelectMany(o => o.Files(p)))]);
            var stand = new SynchronousProgress<GenerationProgress>(p => progress.Report($"{p.Done} of {p.Count} images", p.Share));
            foreach (GeneratedImage image in model.Generate(request, stand, cancellation))
            {
                string? file = null;
                foreach (IImageOutput output in outputs)
                    file = output.Add(image) ?? file;
                RegionChange? change = given.Surroundings is { } kept ? RegionChange.Between(kept.Image, image.Image, kept.Region) : null;
                reports.Add(new ImageReport(image.Request.Seed, image.Class, image.Label, image.Request.Variant, file, change));
            }

            cancellation.ThrowIfCancellationRequested();
            return (reports, [.. outputs.SelectMany(o => o.Complete())]);
        }
        finally
        {
            outputs.ForEach(o => o.Dispose());
        }
    }

    // Before the work: what it reads stays as it is, and what it makes can be kept.
    private void CheckFiles(ParseResult parsed, IReadOnlyList<string> files)
    {
        var inputs = _control.Inputs(parsed).Select(FilePlace.Of).ToHashSet(FilePlace.Comparer);
        if (inputs.Count > 0 && files.FirstOrDefault(f => inputs.Contains(FilePlace.Of(f))) is { } input)
            throw new UsageException($"{input} is read by this command and would be overwritten: choose another folder, class or seed");
        foreach (string folder in files.Select(f => Path.GetDirectoryName(f)!).Distinct(StringComparer.Ordinal))
            ImageOutput.RequireWritableFolder(folder);
    }

    private List<IImageOutput> Outputs(ParseResult parsed, NvgModel model, ScalarType type, GenerationRequest request, int rows)
    {
        int count = request.Images.Count, each = rows > 1 ? count / rows : parsed.GetValue(_count), side = model.Config.Tokenizer.ImageSize;
        int stages = model.Config.Tokenizer.Grid.StageCount;
        ImageOutput.RequireWritable(parsed.GetRequiredValue(_output));
        // Several classes, or several parts that are kept: a row for each.
        int columns = each < count && (each > 1 || rows > 1) ? each : 0;
        var outputs = new List<IImageOutput>();
        if (parsed.GetValue(_gif) is { } gif)
        {
            ImageOutput.RequireSheet(gif, count, side, columns, stages);
            ImageOutput.RequireWritable(gif);
            outputs.Add(new AnimationOutput(gif, columns));
        }

        if (parsed.GetValue(_save) is { } folder)
        {
            ImageOutput.RequireWritableFolder(folder);
            outputs.Add(new DocumentOutput(folder, model, type));
        }

        outputs.Add(ImageOutput.Create(parsed.GetRequiredValue(_output), [.. model.Labels.Select(line => ClassLabel.Parse(line).Name)], count, side, columns, parsed.GetValue(_stages) ? stages : 0));
        return outputs;
    }

    private sealed record ImageReport(ulong Seed, int Class, string Label, string? Variant, string? File, RegionChange? Change);

    private sealed record Report(
        string Model, string Device, ScalarType Dtype, SamplingOptions Settings, IReadOnlyList<ImageReport> Images, IReadOnlyList<string> Files, double Seconds);
}
