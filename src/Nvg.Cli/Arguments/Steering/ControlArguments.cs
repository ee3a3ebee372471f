using System.CommandLine;
using System.CommandLine.Parsing;
using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Granularity.Construction;

namespace Nvg.Cli.Arguments.Steering;

/// <summary>Options that determine a part of the images: structure, a reference, a region, or the end of an interpolation.</summary>
internal sealed class ControlArguments
{
    private const int MaximumRows = 64;

    private readonly Option<string[]> _structure = new("--structure")
    {
        Description = "Structure to follow: a drawing, whose flat colours are also followed, a depth map or a label map (image or .npy). "
            + "Repeat it for one drawing per split",
        HelpName = "FILE",
    };

    private readonly Option<StructureKind?> _kind = new("--structure-kind")
    {
        Description =
            "Meaning of --structure: brightness ranks positions, labels are regions, image uses the structure of the image itself; auto, "
            + "the default, treats a few flat colours as labels and shades as brightness",
        HelpName = "auto|brightness|labels|image",
    };

    private readonly Option<int?> _structureStages = new("--structure-stages")
    {
        Description = "Number of stages that --structure determines; by default the number needed to separate its regions, or four for "
            + "a shaded drawing",
        HelpName = "N",
    };

    private readonly Option<StructureStrategyConfig?> _construction = Construction();

    private readonly Option<string?> _explain = new("--explain")
    {
        Description = "Draw the requested structure, the structure used, and the moved positions in white",
        HelpName = "FILE.png",
    };

    private readonly Option<string?> _reference = new("--reference")
    {
        Description = "Image whose first stages are kept, or a saved result (.nvg), which also sets class, seed and settings",
        HelpName = "IMAGE|RESULT.nvg",
    };

    private readonly Option<KeptPart?> _keep = new("--keep")
    {
        Description = "What to keep of the reference; both by default. Content alone needs --structure",
        HelpName = "structure|content|both",
    };

    private readonly Option<IReadOnlyList<int>?> _keepStages = new("--keep-stages")
    {
        Description = "Number of stages to keep, from the coarsest; A-B makes a row of images for each number. Inside a --mask 1 by "
            + "default",
        HelpName = "N|A-B",
        CustomParser = ParseStages,
    };

    private readonly Option<string?> _mask = new("--mask")
    {
        Description = "Regenerate only the white part of this image and keep the reference elsewhere",
        HelpName = "MASK.png",
    };

    private readonly Option<bool> _outside = new("--outside") { Description = "Regenerate the black part of --mask instead" };

    private readonly Option<BorderRule> _border = new("--border")
    {
        Description = "Clusters that cross the border of the mask: split gives them two tokens, keep leaves them unchanged; split by "
            + "default",
        HelpName = "split|keep",
    };

    private readonly Option<string?> _toClass = new("--to-class")
    {
        Description = "Interpolate from --class to this class over --count images",
        HelpName = "NAME|ID",
    };

    private readonly Option<ulong?> _toSeed =
        new("--to-seed") { Description = "Interpolate from --seed to this seed over --count images", HelpName = "S" };

    /// <summary>The option that selects how the structure of an image is constructed.</summary>
    internal static Option<StructureStrategyConfig?> Construction() => new("--construction")
    {
        Description =
            "How the structure of an image is constructed: greedy, spatial:0.5, matching, segmentation:30 or features:VIT.safetensors; "
            + "as the model was trained by default",
        HelpName = "STRATEGY",
        CustomParser = result =>
        {
            StructureStrategyConfig? strategy = StructureStrategyConfig.Parse(result.Tokens[0].Value, out string? problem);
            if (strategy is null)
                result.AddError($"--construction: {problem}");
            return strategy;
        },
    };

    internal void AddTo(Command command) => command.With(
        _structure, _kind, _structureStages, _construction, _explain, _reference, _keep, _keepStages, _mask, _outside, _border, _toClass,
        _toSeed);

    /// <summary>The values of the options.</summary>
    internal ControlRequest Read(ParseResult parsed) => new()
    {
        Structures = parsed.GetValue(_structure) ?? [],
        Kind = parsed.GetValue(_kind) is { } kind and not StructureKind.Auto ? kind : null,
        StructureStages = parsed.GetValue(_structureStages),
        Construction = parsed.GetValue(_construction),
        Explain = parsed.GetValue(_explain),
        Reference = parsed.GetValue(_reference),
        Keep = parsed.GetValue(_keep),
        KeepStages = parsed.GetValue(_keepStages),
        Mask = parsed.GetValue(_mask),
        Outside = parsed.GetValue(_outside),
        Border = parsed.GetResult(_border) is null ? null : parsed.GetValue(_border),
        ToClass = parsed.GetValue(_toClass),
        ToSeed = parsed.GetValue(_toSeed),
    };

    private static IReadOnlyList<int>? ParseStages(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        string[] ends = text.Split('-');
        bool isRange = ends.Length <= 2 && int.TryParse(ends[0], out _) && int.TryParse(ends[^1], out _);
        (int first, int last) = isRange ? (int.Parse(ends[0]), int.Parse(ends[^1])) : (0, -1);
        if (first >= 0 && first <= last && last - first < MaximumRows)
            return [.. Enumerable.Range(first, last - first + 1)];
        result.AddError($"--keep-stages takes a number of stages, or a range for one row each, such as 1-6; not '{text}'");
        return null;
    }
}
