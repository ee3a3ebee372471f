using System.CommandLine;
using System.CommandLine.Parsing;
using Nvg.Cli.Terminal;
using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Documents;
using Nvg.Granularity.Construction;
using Nvg.Imaging;
using Nvg.Labels;
using Nvg.Pretrained;

namespace Nvg.Cli.Arguments;

/// <summary>Options that give a part of the images: structure, what a reference has, a region, another end of a way.</summary>
internal sealed class ControlArguments
{
    private readonly Option<string[]> _structure = new("--structure")
    {
        Description = "Structure to follow: a drawing, a depth map, label maps (.npy or image). Several drawings, one --structure each, split one after the other",
        HelpName = "FILE",
    };

    private readonly Option<StructureKind?> _kind = new("--structure-kind")
    {
        Description = "What --structure shows: brightness ranks positions, labels are regions, an image has its own structure; brightness by default",
        HelpName = "brightness|labels|image",
    };

    private readonly Option<int?> _structureStages = new("--structure-stages") { Description = "Number of stages that --structure gives; by default as many as it says anything about", HelpName = "N" };
    private readonly Option<StructureStrategyConfig?> _construction = Construction();
    private readonly Option<string?> _explain = new("--explain") { Description = "Draw what --structure asked for, what is used, and in white what balance moved", HelpName = "FILE.png" };
    private readonly Option<string?> _reference = new("--reference")
    {
        Description = "Image whose first stages are kept, or a saved result (.nvg), which also gives class, seed and settings",
        HelpName = "IMAGE|RESULT.nvg",
    };

    private readonly Option<KeptPart?> _keep = new("--keep")
    {
        Description = "What to keep of the reference: both by default; content alone is read off along --structure",
        HelpName = "structure|content|both",
    };

    private readonly Option<IReadOnlyList<int>?> _keepStages = new("--keep-stages")
    {
        Description = "Number of stages to keep, from the coarsest; A-B makes a row of images for each number. Inside a --mask 1 by default",
        HelpName = "N|A-B",
        CustomParser = ParseStages,
    };

    private readonly Option<string?> _mask = new("--mask") { Description = "Generate only the white part anew and keep the reference elsewhere", HelpName = "MASK.png" };
    private readonly Option<bool> _outside = new("--outside") { Description = "Generate the black part of --mask instead" };
    private readonly Option<BorderRule> _border = new("--border")
    {
        Description = "Clusters on both sides of the mask's border: split uses two tokens, keep leaves them as they are; split by default",
        HelpName = "split|keep",
    };

    private readonly Option<string?> _toClass = new("--to-class") { Description = "--count images on the way from --class to this class", HelpName = "NAME|ID" };
    private readonly Option<ulong?> _toSeed = new("--to-seed") { Description = "--count images on the way from --seed to this seed", HelpName = "S" };

    /// <summary>How the structure of an image is found.</summary>
    internal static Option<StructureStrategyConfig?> Construction() => new("--construction")
    {
        Description = "How the structure of an image is found, with a setting after a colon: greedy, spatial:0.5, matching, segmentation:30, features:VIT.safetensors; the model's own by default",
        HelpName = "STRATEGY",
        CustomParser = result =>
        {
            StructureStrategyConfig? strategy = StructureStrategyConfig.Parse(result.Tokens[0].Value, out string? problem);
            if (strategy is null)
                result.AddError($"--construction: {problem}");
            return strategy;
        },
    };

    internal void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _structure, _kind, _structureStages, _construction, _explain, _reference, _keep, _keepStages, _mask, _outside, _border, _toClass, _toSeed })
            command.Options.Add(option);
    }

    /// <summary>Files that are read, which no output may replace.</summary>
    internal IEnumerable<string> Inputs(ParseResult parsed) =>
        Structures(parsed).Append(parsed.GetValue(_reference)).Append(parsed.GetValue(_mask)).OfType<string>();

    /// <summary>Files besides the images that are written.</summary>
    internal IEnumerable<string> Outputs(ParseResult parsed) => new[] { parsed.GetValue(_explain) }.OfType<string>();

    /// <summary>Throws where the options contradict each other.</summary>
    /// <exception cref="UsageException">They do.</exception>
    internal void Check(ParseResult parsed)
    {
        CheckStructure(parsed);
        if (parsed.GetValue(_construction) is not null && (parsed.GetValue(_kind) != StructureKind.Image && (parsed.GetValue(_reference) is not { } image || ImageDocument.HasDocumentName(image))))
            throw new UsageException("--construction finds the structure of images: give one with --reference, or --structure with --structure-kind image");
        bool reference = parsed.GetValue(_reference) is not null, masked = parsed.GetValue(_mask) is not null;
        if (!reference && (parsed.GetValue(_keep) is not null || parsed.GetValue(_keepStages) is not null || masked))
            throw new UsageException("--keep, --keep-stages and --mask need --reference");
        if (!masked && (parsed.GetValue(_outside) || parsed.GetResult(_border) is not null))
            throw new UsageException("--outside and --border need --mask MASK.png");
        if (!reference)
            return;
        KeptPart keep = parsed.GetValue(_keep) ?? KeptPart.Both;
        bool document = ImageDocument.HasDocumentName(parsed.GetValue(_reference)!);
        if (!masked && !document && parsed.GetValue(_keepStages) is null)
            throw new UsageException("--reference IMAGE needs --keep-stages N, or --mask");
        if (!masked && parsed.GetValue(_keep) is not null && parsed.GetValue(_keepStages) is null)
            throw new UsageException("--keep needs --keep-stages N");
        if (masked && (keep == KeptPart.Content || Structures(parsed).Length > 0))
            throw new UsageException("--mask keeps the reference's own structure: leave out --structure and --keep content");
        if (Structures(parsed).Length > 0 && keep != KeptPart.Content)
            throw new UsageException("--structure and the structure of --reference exclude each other: use --keep content, or leave one out");
        if (Structures(parsed).Length == 0 && keep == KeptPart.Content && Stages(parsed).Max() > 1)
            throw new UsageException("--keep content of several stages needs their structure: use --keep both, or give maps with --structure");
    }

    /// <summary>The saved result that is taken up, or null.</summary>
    /// <exception cref="NvgDataException">It is unusable.</exception>
    internal ImageDocument? ReadDocument(ParseResult parsed) =>
        parsed.GetValue(_reference) is { } path && ImageDocument.HasDocumentName(path) ? ImageDocument.Read(path) : null;

    /// <summary>What is given, row by row; one row with nothing where nothing is.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="model">The model.</param>
    /// <param name="document">From <see cref="ReadDocument"/>.</param>
    /// <exception cref="UsageException">The model has fewer stages.</exception>
    /// <exception cref="NvgDataException">A file is unusable.</exception>
    internal GivenRows Read(ParseResult parsed, NvgModel model, ImageDocument? document)
    {
        try
        {
            StructureMap? plan = ReadStructure(parsed, model);
            if (parsed.GetValue(_reference) is not { } path)
                return new GivenRows([(null, plan?.ToSequence())], plan, null);
            document?.RequireModel(path, model, model.Fingerprint());
            RgbImage? image = document is null ? SquareImage.Read(path, model.Config.Tokenizer.ImageSize) : null;
            using IStructureStrategy? construction = parsed.GetValue(_construction)?.Create(VisionTransformer.LoadFeatures);
            using ReferenceSequence reference = image is not null
                ? ReferenceSequence.FromImage(model.Tokenizer, image, construction)
                : ReferenceSequence.FromSequence(model.Tokenizer, document!.Sequence);
            RegionMask? mask = ReadMask(parsed, model, document is null ? path : null);
            IReadOnlyList<int> stages = Stages(parsed);
            return new GivenRows(
                [.. stages.Select(m => (stages.Count > 1 ? $"keep{m}" : null, (PartialSequence?)Kept(parsed, reference, m, plan, mask, document)))],
                plan, Surroundings(mask, plan, document, image));
        }
        catch (ArgumentException error)
        {
            throw new UsageException(error.Message);
        }
    }

    // The reference's own pixels, not what is left of them after the round trip. Where structure is built anew, what lay around an
    // earlier region is gone.
    private static KeptSurroundings? Surroundings(RegionMask? mask, StructureMap? plan, ImageDocument? document, RgbImage? image) =>
        mask is not null ? new KeptSurroundings(mask, document?.Image ?? image!) : plan is null ? document?.Surroundings : null;

    /// <summary>The other ends of the way that images lie on, or null.</summary>
    /// <exception cref="UsageException">There is no such class, or there are too few images.</exception>
    internal Interpolation? Way(ParseResult parsed, ClassNames names, int count, int classes)
    {
        (string? to, ulong? seed) = (parsed.GetValue(_toClass), parsed.GetValue(_toSeed));
        if (to is null && seed is null)
            return null;
        if (count < 2 || classes != 1)
            throw new UsageException("--to-class and --to-seed need one --class and --count N of at least 2, the images along the way");
        IReadOnlyList<int> found = to is null ? [] : ClassArguments.FindAll(names, to);
        if (found.Count > 1)
            throw new UsageException($"--to-class takes one class, not '{to}'");
        return new Interpolation(found.Count > 0 ? found[0] : null, seed, 1);
    }

    /// <summary>Draws what was made of the structure, where that is asked for.</summary>
    internal void Explain(ParseResult parsed, StructureMap? plan)
    {
        if (parsed.GetValue(_explain) is not { } file)
            return;
        ImageFile.Write(file, plan!.Draw());
        Console.Error.WriteLine($"structure → {file}: {string.Join(", ", plan.Stages.Select((s, i) => $"stage {i}: {s.Moved.Count(m => m)} of {s.Used.Count} positions moved"))}");
    }

    private string[] Structures(ParseResult parsed) => parsed.GetValue(_structure) ?? [];

    // A region keeps its tone unless more or nothing is asked for: the first token decides it, and sees nothing of the image around.
    private IReadOnlyList<int> Stages(ParseResult parsed) => parsed.GetValue(_keepStages) ?? [parsed.GetValue(_mask) is null ? 0 : 1];

    private void CheckStructure(ParseResult parsed)
    {
        string[] files = Structures(parsed);
        if (files.Length == 0 && (parsed.GetValue(_kind) is not null || parsed.GetValue(_structureStages) is not null || parsed.GetValue(_explain) is not null))
            throw new UsageException("--structure-kind, --structure-stages and --explain need --structure FILE");
        if (parsed.GetValue(_explain) is { } explain && !explain.EndsWith(".png", StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"--explain {explain}: the name must end in .png");
        StructureKind kind = parsed.GetValue(_kind) ?? StructureKind.Brightness;
        if (files.Length > 1 && (kind != StructureKind.Brightness || files.Any(f => Path.GetExtension(f).Equals(".npy", StringComparison.OrdinalIgnoreCase))))
            throw new UsageException("several --structure are drawings of one split each: give one file of labels, of finished maps, or an image");
        if (kind == StructureKind.Image && parsed.GetValue(_structureStages) is null)
            throw new UsageException("--structure-kind image needs --structure-stages N");
    }

    private StructureMap? ReadStructure(ParseResult parsed, NvgModel model)
    {
        string[] files = Structures(parsed);
        if (files.Length == 0)
            return null;
        StructureKind kind = parsed.GetValue(_kind) ?? StructureKind.Brightness;
        int? stages = parsed.GetValue(_structureStages);
        if (kind != StructureKind.Image)
            return model.Structure.Read(files, kind, stages);
        using IStructureStrategy? construction = parsed.GetValue(_construction)?.Create(VisionTransformer.LoadFeatures);
        return model.Structure.FromImage(files[0], stages!.Value, construction);
    }

    private PartialSequence Kept(ParseResult parsed, ReferenceSequence reference, int stages, StructureMap? plan, RegionMask? mask, ImageDocument? document)
    {
        KeptPart part = parsed.GetValue(_keep) ?? KeptPart.Both;
        PartialSequence kept = reference.Keep(part, stages, plan?.ToSequence());
        if (mask is not null)
            return mask.Keep(reference.Sequence, kept.StructureStages, kept.ContentStages, parsed.GetValue(_border));
        // What had been given to an earlier result stays given.
        return document is null || plan is not null ? kept : kept.WithFallback(document.Given).With(document.Given.Border);
    }

    private RegionMask? ReadMask(ParseResult parsed, NvgModel model, string? reference)
    {
        if (parsed.GetValue(_mask) is not { } path)
            return null;
        RgbImage mask = ImageFile.Read(path);
        // A mask drawn over a photograph is cut as the photograph is.
        if (reference is not null && mask.Width != mask.Height && ImageFile.Read(reference) is var whole && Math.Abs((double)whole.Width / whole.Height * mask.Height - mask.Width) <= 1)
            mask = mask.CropCentre(Math.Min(mask.Width, mask.Height), Math.Min(mask.Width, mask.Height));
        return RegionMask.FromImage(mask, model.Tokenizer.Config.Grid, parsed.GetValue(_outside));
    }

    private static IReadOnlyList<int>? ParseStages(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        string[] ends = text.Split('-');
        if (ends.Length <= 2 && int.TryParse(ends[0], out int first) && int.TryParse(ends[^1], out int last) && first >= 0 && first <= last && last - first < 64)
            return [.. Enumerable.Range(first, last - first + 1)];
        result.AddError($"--keep-stages takes a number of stages, or two for a row of each, such as 1-6, not '{text}'");
        return null;
    }
}
