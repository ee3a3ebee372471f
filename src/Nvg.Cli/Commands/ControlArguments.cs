using System.CommandLine;
using Nvg.Checkpoints;
using Nvg.Control;
using Nvg.Rendering;
using Nvg.Torch;

namespace Nvg.Cli.Commands;

/// <summary>Options that fix stages of the pictures: structure maps, or what a reference picture has.</summary>
internal sealed class ControlArguments
{
    private readonly Option<string?> _structure = new("--structure")
    {
        Description = "Structure to follow: a black-and-white picture as the first split, or a .npy of label maps of several stages",
        HelpName = "MAP.png|MAPS.npy",
    };

    private readonly Option<string?> _reference = new("--reference") { Description = "Picture whose first stages are kept; the class may be any", HelpName = "IMAGE" };
    private readonly Option<KeptPart?> _keep = new("--keep")
    {
        Description = "What to keep of the reference; content alone is read off along --structure",
        HelpName = "structure|content|both",
    };

    private readonly Option<int?> _keepStages = new("--keep-stages") { Description = "Number of stages to keep, from the coarsest", HelpName = "N" };

    internal void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _structure, _reference, _keep, _keepStages })
            command.Options.Add(option);
    }

    /// <summary>Files that are read, which no output may replace.</summary>
    internal IEnumerable<string> Inputs(ParseResult parsed) =>
        new[] { parsed.GetValue(_structure), parsed.GetValue(_reference) }.OfType<string>().Select(Path.GetFullPath);

    /// <summary>Throws where the options contradict each other.</summary>
    /// <exception cref="UsageException">They do.</exception>
    internal void Check(ParseResult parsed)
    {
        bool reference = parsed.GetValue(_reference) is not null;
        if (!reference && (parsed.GetValue(_keep) is not null || parsed.GetValue(_keepStages) is not null))
            throw new UsageException("--keep and --keep-stages need --reference IMAGE");
        if (!reference)
            return;
        if (parsed.GetValue(_keep) is not { } keep || parsed.GetValue(_keepStages) is not { } stages)
            throw new UsageException("--reference needs --keep structure|content|both and --keep-stages N");
        bool structure = parsed.GetValue(_structure) is not null;
        if (structure && keep != KeptPart.Content)
            throw new UsageException("--structure and the structure of --reference exclude each other: use --keep content, or leave one out");
        if (!structure && keep == KeptPart.Content && stages > 1)
            throw new UsageException("--keep content of several stages needs their structure: use --keep both, or give maps with --structure");
    }

    /// <summary>What is fixed, or null for nothing.</summary>
    /// <exception cref="UsageException">The model has fewer stages.</exception>
    /// <exception cref="NvgDataException">A file is unusable.</exception>
    internal FixedStages? Read(ParseResult parsed, NvgModel model)
    {
        using Tensor? maps_ML = parsed.GetValue(_structure) is { } file ? StructureInput.Read(file, model.Tokenizer.Config.Grid) : null;
        if (parsed.GetValue(_reference) is not { } image)
            return maps_ML is null ? null : FixedStages.FromStructure(maps_ML);
        RgbImage picture = SquarePicture.Read(image, model.Config.Tokenizer.ImageSize);
        try
        {
            return FixedStages.FromReference(model.Tokenizer, picture, parsed.GetValue(_keep)!.Value, parsed.GetValue(_keepStages)!.Value, maps_ML);
        }
        catch (ArgumentException error)
        {
            throw new UsageException($"--keep-stages: {error.Message}");
        }
    }
}
