using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Nvg.Checkpoints;
using Nvg.Cli.Arguments;
using Nvg.Cli.Arguments.Steering;
using Nvg.Cli.Commands.Generation;
using Nvg.Cli.Output;
using Nvg.Cli.Terminal;
using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Documents;
using Nvg.Imaging;
using Nvg.Labels;
using Nvg.Sampling;
using Nvg.Torch;

namespace Nvg.Cli.Commands;

/// <summary><c>nvg generate</c>: generates images.</summary>
internal sealed class GenerateCommand
{
    // As many as nvg sample draws per class. A list has an entry for every image.
    private const int MostImages = 1_000_000;

    private const string RandomClass = "random";

    private readonly Option<string?> _model = CommonOptions.Model();

    private readonly Option<string> _class = new("--class")
    {
        Description = "Class names, identifiers or numbers (see nvg classes); random lets each seed choose one",
        HelpName = "NAME|ID[,…]|random",
        DefaultValueFactory = _ => RandomClass,
    };

    private readonly Option<int> _count = new("--count") { Description = "Images per class", HelpName = "N", DefaultValueFactory = _ => 1 };

    private readonly Option<ulong> _seed = new("--seed")
    {
        Description = "Seed of the first image; image k of a class uses seed S + k. 0 by default",
        HelpName = "S",
    };

    private readonly Option<string> _output = new("--output", "-o")
    {
        Description =
            "One file (.png, .jpg, .webp; a grid if there are several images), a folder for DIR/<class>/<seed>.png, an .npz of all images, "
            + "or - for PNG on standard output",
        Required = true,
        HelpName = "FILE.png|DIR|FILE.npz|-",
    };

    private readonly Option<int?> _scale = new("--scale")
    {
        Description = "Enlargement of one file; by default 1 for a single image, and chosen by size for a grid",
        HelpName = "N",
    };

    private readonly Option<bool> _sheet = new("--sheet") { Description = "Write a framed, enlarged sheet even for a single image" };

    private readonly Option<string?> _save = new("--save")
    {
        Description = "Also save each result as DIR/<class>/<seed>.nvg, to show, edit or continue it",
        HelpName = "DIR",
    };

    private readonly Option<bool> _stages = new("--stages") { Description = "Draw the image and its structure map after every stage" };
    private readonly Option<string?> _gif = new("--gif") { Description = "Also write an animation of the stages", HelpName = "FILE.gif" };

    private readonly Option<int?> _batch = CommonOptions.GenerationBatch("that of the saved result, else ");

    private readonly Option<Device> _device = CommonOptions.Device();
    private readonly Option<ScalarType?> _type = CommonOptions.DataType();
    private readonly Option<int> _threads = CommonOptions.Threads();
    private readonly Option<bool> _json = CommonOptions.Json();
    private readonly SamplingArguments _sampling = new();
    private readonly ControlArguments _control = new();

    internal static Command Create()
    {
        var arguments = new GenerateCommand();
        arguments._class.CompletionSources.Add(context => ModelSuggestions.Classes(context, arguments._model));
        Command command = new Command("generate", "Generate images of classes, freely or with given structure")
            .With(arguments._model, arguments._class, arguments._count, arguments._seed, arguments._output, arguments._scale,
                arguments._sheet)
            .With(arguments._save, arguments._stages, arguments._gif);
        arguments._sampling.AddTo(command);
        arguments._control.AddTo(command);
        command.With(arguments._batch, arguments._device, arguments._type, arguments._threads, arguments._json);
        command.SetAction(arguments.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        ControlRequest control = _control.Read(parsed);
        Check(parsed, control);
        var clock = Stopwatch.StartNew();
        // Everything that needs no model is checked before one is loaded.
        foreach (string input in control.Inputs)
            InputFile.RequireImage(input);
        string folder = ModelFolder.Resolve(parsed.GetValue(_model));
        ImageOutput.RequireWritable(parsed.GetRequiredValue(_output));
        RequireClasses(parsed, folder);
        CommonOptions.Apply(parsed.GetValue(_device), parsed.GetValue(_threads));
        if (ModelMethod.Of(folder) == ModelMethod.Var)
            return await new VarGenerateCommand(VarArguments(parsed, folder, control), _sampling).RunAsync(parsed, cancellation);
        ImageDocument? document = control.ReadDocument();
        RequireChange(parsed, control, document);
        ScalarType type = parsed.GetValue(_type) ?? document?.Description.Dtype ?? ScalarType.Float32;
        using NvgModel model = NvgModel.Load(folder, parsed.GetValue(_device), type);
        model.RequireGenerator();
        GivenRows given = GivenRowsReader.Read(control, model, document);
        GenerationRequest request = Request(parsed, control, model, given, document);
        (List<ImageReport> images, List<string> files) = await ConsoleProgress.ShowAsync(
            "generating",
            progress => Task.Run(() => Generate(parsed, control, model, type, request, given, progress, cancellation),
                CancellationToken.None));
        double seconds = clock.Elapsed.TotalSeconds;
        if (parsed.GetValue(_json))
            MachineOutput.Write(new Report(
                model.Folder, $"{parsed.GetValue(_device)}", type, request.Options!, images, files,
                Structure(control, given.Plan), seconds));
        else
            Print(parsed, images, seconds);
        return CommandRunner.Done;
    }

    private VarGenerateArguments VarArguments(ParseResult parsed, string folder, ControlRequest control) => new()
    {
        Folder = folder,
        Class = parsed.IsGiven(_class) || control.Mask is null ? parsed.GetRequiredValue(_class) : null,
        Count = parsed.GetValue(_count),
        Seed = parsed.GetValue(_seed),
        Output = parsed.GetRequiredValue(_output),
        Scale = parsed.GetValue(_scale),
        Sheet = parsed.GetValue(_sheet),
        Save = parsed.GetValue(_save),
        Stages = parsed.GetValue(_stages),
        Gif = parsed.GetValue(_gif),
        Batch = parsed.GetValue(_batch),
        Device = parsed.GetValue(_device),
        Type = parsed.GetDataType(_type),
        Json = parsed.GetValue(_json),
        Control = control,
    };

    private void Print(ParseResult parsed, List<ImageReport> images, double seconds)
    {
        // With an image on standard output, messages go to standard error.
        string target = parsed.GetRequiredValue(_output);
        Action<string> print = target == ImageOutput.StandardOutput ? ConsoleText.Note : ConsoleText.Print;
        foreach (ImageReport image in images.Where(p => p.Change is not null))
        {
            RegionChange change = image.Change!;
            string name = image.Variant is { } variant ? $"seed {image.Seed}, {variant}" : $"seed {image.Seed}";
            string byDistance = string.Join(", ", change.MeanByDistance.Skip(1).Select(c => $"{c:F2}"));
            print($"{name}: mean change {change.MeanInside:F1} of 255 inside the mask, {change.MeanOutside:F2} outside "
                + $"(by distance in latent positions: {byDistance})");
        }

        string what = images is [var only] ? $"{only.Label}, seed {only.Seed}" : ConsoleText.Count(images.Count, "image");
        print($"{what} → {ImageOutput.Place(target, [.. images.Select(image => image.File)])} ({seconds:F1} s)");
    }

    private void Check(ParseResult parsed, ControlRequest control)
    {
        if (parsed.GetValue(_count) is < 1 or > MostImages)
            throw new UsageException(string.Create(
                CultureInfo.InvariantCulture, $"--count must be between 1 and {MostImages:N0}, not {parsed.GetValue(_count)}"));
        if (parsed.GetValue(_batch) < 1)
            throw new UsageException($"--batch must be at least 1, not {parsed.GetValue(_batch)}");
        string target = parsed.GetRequiredValue(_output);
        ImageOutput.Check(target, parsed.GetValue(_stages));
        bool isSheet = !ImageOutput.IsFolder(target) && !ImageOutput.IsSamples(target);
        if ((parsed.GetValue(_scale) is not null || parsed.GetValue(_sheet)) && (!isSheet || parsed.GetValue(_stages)))
            throw new UsageException("--scale and --sheet are for one image file without --stages");
        if (parsed.GetValue(_scale) < 1)
            throw new UsageException($"--scale must be at least 1, not {parsed.GetValue(_scale)}");
        if (target == ImageOutput.StandardOutput && parsed.GetValue(_json))
            throw new UsageException("--json and -o - both write to standard output: write the image to a file");
        if (parsed.GetValue(_gif) is { } gif && !Path.GetExtension(gif).Equals(".gif", StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"--gif {gif}: the name must end in .gif");
        control.Check();
        var inputs = control.Inputs.Select(FilePlace.Of).ToHashSet(FilePlace.Comparer);
        IEnumerable<string> written = new[] { target, parsed.GetValue(_gif) }.OfType<string>().Concat(control.Outputs);
        if (written.FirstOrDefault(o => inputs.Contains(FilePlace.Of(o))) is { } input)
            throw new UsageException($"{input} is read by this command: choose another output");
    }

    private void RequireClasses(ParseResult parsed, string folder)
    {
        if (parsed.IsGiven(_class) && parsed.GetRequiredValue(_class) is var classes && classes != RandomClass)
            _ = ClassArguments.FindAll(new ClassNames([.. ModelCard.Read(folder).Classes]), classes);
    }

    // Without kept stages, an image of another class or seed would have nothing to do with the reference.
    private void RequireChange(ParseResult parsed, ControlRequest control, ImageDocument? document)
    {
        bool keeps = control.Mask is not null || control.KeepStages is not null || control.Structures.Count > 0;
        if (document is null || !document.Given.IsEmpty || keeps)
            return;
        bool isOther = parsed.IsGiven(_class) || parsed.IsGiven(_seed) || parsed.GetValue(_count) > 1;
        if (isOther || control.ToClass is not null || control.ToSeed is not null)
            throw new UsageException($"--reference {control.Reference} with another class, seed or count needs --keep-stages N, or --mask");
    }

    private GenerationRequest Request(ParseResult parsed, ControlRequest control, NvgModel model, GivenRows given, ImageDocument? document)
    {
        ClassNames names = model.Classes;
        int count = parsed.GetValue(_count);
        ulong seed = parsed.IsGiven(_seed) || document is null ? parsed.GetValue(_seed) : document.Description.Seed;
        IReadOnlyList<ImageRequest> images = Images(parsed, names, count, seed, document);
        if (control.Interpolation(names, count, images.Select(p => p.Class).Distinct().Count()) is { } end)
            images = [.. Enumerable.Range(0, count).Select(k => Interpolated(images[0], end with { Share = k / (count - 1.0) }))];
        DeviceType device = parsed.GetValue(_device).Type;
        // The same batch size gives the same rounding. This matters only for the document's own image on the same type of device.
        // Early documents do not record it.
        bool isSame = document?.Description is { } made && made.Device == device && made.Format >= ImageDescription.FirstCheckedFormat
            && !parsed.IsGiven(_class) && !parsed.IsGiven(_seed);
        int? recorded = isSame ? document!.Description.Batch : null;
        SamplingOptions defaults = document?.Description.Sampling ?? model.Config.Sampling;
        return new GenerationRequest
        {
            Images = [.. given.Rows.SelectMany(row => images.Select(p => p with
            {
                Given = row.Given,
                Surroundings = given.Surroundings,
                Variant = Joined(row.Variant, p.Variant),
            }))],
            Options = _sampling.Read(parsed, model, defaults),
            BatchSize = parsed.GetValue(_batch) ?? recorded,
            FillsBatches = parsed.GetValue(_batch) is null && recorded is not null,
            WithStages = parsed.GetValue(_stages) || parsed.GetValue(_gif) is not null,
        };
    }

    // Named after its share and not its index, so that a saved image gets the same name when it is continued.
    private static ImageRequest Interpolated(ImageRequest image, Interpolation interpolation) => image with
    {
        Interpolation = interpolation,
        Variant = string.Create(CultureInfo.InvariantCulture, $"way{interpolation.Share:0.####}"),
    };

    private static string? Joined(string? row, string? own) => row is null || own is null ? row ?? own : $"{row}.{own}";

    private IReadOnlyList<ImageRequest> Images(ParseResult parsed, ClassNames names, int count, ulong seed, ImageDocument? document)
    {
        if (document is not null && !parsed.IsGiven(_class))
        {
            IReadOnlyList<ImageRequest> again = GenerationRequest.OfClasses([document.Description.Class], count, seed);
            return document.Description.Interpolation is { } interpolation ? [.. again.Select(p => Interpolated(p, interpolation))] : again;
        }

        string classes = parsed.GetRequiredValue(_class);
        // A class named "random" takes precedence over the keyword of this command.
        if (classes == RandomClass && !names.TryFind(classes, out _))
            return GenerationRequest.OfRandomClasses(names, count, seed);
        int[] found = [.. ClassArguments.FindAll(names, classes).Distinct()];
        // Checked before a list with an entry for every image is made.
        return (long)found.Length * count <= MostImages ? GenerationRequest.OfClasses(found, count, seed) : throw new UsageException(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{found.Length} classes of {count:N0} images exceed the limit of {MostImages:N0} images per command"));
    }

    private (List<ImageReport> Images, List<string> Files) Generate(
        ParseResult parsed, ControlRequest control, NvgModel model, ScalarType type, GenerationRequest request, GivenRows given,
        ConsoleProgress progress, CancellationToken cancellation)
    {
        var reports = new List<ImageReport>();
        List<IImageOutput> outputs = Outputs(parsed, model, type, request, given.Rows.Count);
        try
        {
            CheckFiles(control, [.. request.Images.SelectMany(p => outputs.SelectMany(o => o.Files(ImageName.Of(p))))]);
            GivenRowsReader.Explain(control, given.Plan);
            var reporter = new SynchronousProgress<GenerationProgress>(
                p => progress.Report($"{p.Done} of {ConsoleText.Count(p.Count, "image")}", p.Share));
            foreach (GeneratedImage image in model.Generate(request, reporter, cancellation))
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
        catch (OperationCanceledException) when (reports.Count > 0)
        {
            throw ImageOutput.Interrupted(
                parsed.GetRequiredValue(_output), [.. reports.Select(report => report.File)], request.Images.Count);
        }
        finally
        {
            outputs.ForEach(o => o.Dispose());
        }
    }

    // Checked before the work: inputs must not be overwritten, and outputs must be writable.
    private static void CheckFiles(ControlRequest control, IReadOnlyList<string> files)
    {
        var inputs = control.Inputs.Select(FilePlace.Of).ToHashSet(FilePlace.Comparer);
        if (inputs.Count > 0 && files.FirstOrDefault(f => inputs.Contains(FilePlace.Of(f))) is { } input)
            throw new UsageException($"{input} is read by this command and would be overwritten: choose another folder, class or seed");
        foreach (string folder in files.Select(f => Path.GetDirectoryName(f)!).Distinct(StringComparer.Ordinal))
            ImageOutput.RequireWritableFolder(folder);
    }

    private List<IImageOutput> Outputs(ParseResult parsed, NvgModel model, ScalarType type, GenerationRequest request, int rows)
    {
        string target = parsed.GetRequiredValue(_output);
        int count = request.Images.Count, each = rows > 1 ? count / rows : parsed.GetValue(_count), side = model.Config.Tokenizer.ImageSize;
        int stages = model.Config.Tokenizer.Grid.StageCount;
        if (ImageOutput.IsSamples(target))
            ImageOutput.RequireRoom(target, (long)count * side * side * RgbImage.Channels);
        // One row per class or per number of kept stages, if there are several.
        var style = new SheetStyle(each < count && (each > 1 || rows > 1) ? each : 0, parsed.GetValue(_scale), parsed.GetValue(_sheet));
        var outputs = new List<IImageOutput>();
        if (parsed.GetValue(_gif) is { } gif)
        {
            ImageOutput.RequireSheet(gif, count, side, style, stages);
            ImageOutput.RequireWritable(gif);
            outputs.Add(new AnimationOutput(gif, style.Columns));
        }

        if (parsed.GetValue(_save) is { } folder)
        {
            ImageOutput.RequireWritableFolder(folder);
            outputs.Add(new DocumentOutput(folder, model, type));
        }

        string[] labels = [.. model.Labels.Select(line => ClassLabel.Parse(line).Name)];
        outputs.Add(ImageOutput.Create(target, labels, count, side, style, parsed.GetValue(_stages) ? stages : 0));
        return outputs;
    }

    private sealed record ImageReport(ulong Seed, int Class, string Label, string? Variant, string? File, RegionChange? Change);

    // The content of the --explain drawing, in numbers.
    private static StructureReport? Structure(ControlRequest control, StructureMap? plan) => plan is null ? null : new StructureReport(
        control.Explain, plan.Grid.Length,
        [.. plan.Stages.Select((stage, i) => new StageReport(i, stage.Moved.Count(moved => moved), stage.IsByPosition))]);

    private sealed record StageReport(int Stage, int Moved, bool ByPosition);

    private sealed record StructureReport(string? Explain, int Positions, IReadOnlyList<StageReport> Stages);

    private sealed record Report(
        string Model, string Device, ScalarType Dtype, SamplingOptions Settings, IReadOnlyList<ImageReport> Images,
        IReadOnlyList<string> Files, StructureReport? Structure, double Seconds);
}
