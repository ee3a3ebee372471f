using Nvg.Cli.Terminal;
using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Documents;
using Nvg.Granularity.Construction;
using Nvg.Labels;

namespace Nvg.Cli.Arguments.Steering;

/// <summary>The values of <see cref="ControlArguments"/>; each property is the option of the same name.</summary>
internal sealed record ControlRequest
{
    internal required IReadOnlyList<string> Structures { get; init; }

    /// <summary>What the structure shows; null to detect it.</summary>
    internal StructureKind? Kind { get; init; }

    internal int? StructureStages { get; init; }

    internal StructureStrategyConfig? Construction { get; init; }

    internal string? Explain { get; init; }

    internal string? Reference { get; init; }

    internal KeptPart? Keep { get; init; }

    internal IReadOnlyList<int>? KeepStages { get; init; }

    internal string? Mask { get; init; }

    internal bool Outside { get; init; }

    internal BorderRule? Border { get; init; }

    internal string? ToClass { get; init; }

    internal ulong? ToSeed { get; init; }

    /// <summary>Whether the reference is a saved result.</summary>
    internal bool IsDocument => Reference is not null && ImageDocument.HasDocumentName(Reference);

    /// <summary>The part of the reference to keep.</summary>
    internal KeptPart Part => Keep ?? KeptPart.Both;

    /// <summary>
    /// The numbers of stages to keep, one per row. With a mask, one stage is kept unless another number is given: its token sets
    /// the tone and would be chosen before the surroundings are seen.
    /// </summary>
    internal IReadOnlyList<int> Stages => KeepStages ?? [Mask is null ? 0 : 1];

    /// <summary>Files that are read and must not be overwritten.</summary>
    internal IEnumerable<string> Inputs => Structures.Append(Reference).Append(Mask).OfType<string>();

    /// <summary>Files that are written besides the images.</summary>
    internal IEnumerable<string> Outputs => new[] { Explain }.OfType<string>();

    /// <summary>Reads the saved result, or returns null if the reference is not one.</summary>
    /// <exception cref="NvgDataException">The saved result is unusable.</exception>
    internal ImageDocument? ReadDocument() => IsDocument ? ImageDocument.Read(Reference!) : null;

    /// <summary>Throws if the options contradict each other.</summary>
    /// <exception cref="UsageException">They contradict each other.</exception>
    internal void Check()
    {
        CheckStructure();
        if (Construction is not null && Kind != StructureKind.Image && (Reference is null || IsDocument))
            throw new UsageException("--construction needs an image: --reference IMAGE, or --structure with --structure-kind image");
        if (Reference is null && (Keep is not null || KeepStages is not null || Mask is not null))
            throw new UsageException("--keep, --keep-stages and --mask need --reference");
        if (Mask is null && (Outside || Border is not null))
            throw new UsageException("--outside and --border need --mask MASK.png");
        if (Reference is not null)
            CheckReference();
    }

    /// <summary>The end of an interpolation, or null.</summary>
    /// <param name="names">The model's classes.</param>
    /// <param name="count">Number of images.</param>
    /// <param name="classes">Number of classes.</param>
    /// <exception cref="UsageException">The class does not exist, or there are too few images.</exception>
    internal Interpolation? Interpolation(ClassNames names, int count, int classes)
    {
        if (ToClass is null && ToSeed is null)
            return null;
        if (count < 2 || classes != 1)
            throw new UsageException("--to-class and --to-seed need a single --class and --count N of at least 2");
        IReadOnlyList<int> found = ToClass is null ? [] : ClassArguments.FindAll(names, ToClass);
        if (found.Count > 1)
            throw new UsageException($"--to-class takes one class, not '{ToClass}'");
        return new Interpolation(found.Count > 0 ? found[0] : null, ToSeed, 1);
    }

    private void CheckStructure()
    {
        if (Structures.Count == 0 && (Kind is not null || StructureStages is not null || Explain is not null))
            throw new UsageException("--structure-kind, --structure-stages and --explain need --structure FILE");
        if (Explain is not null && !Explain.EndsWith(".png", StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"--explain {Explain}: the name must end in .png");
        bool hasMaps = Structures.Any(f => Path.GetExtension(f).Equals(".npy", StringComparison.OrdinalIgnoreCase));
        if (Structures.Count > 1 && ((Kind ?? StructureKind.Brightness) != StructureKind.Brightness || hasMaps))
            throw new UsageException(
                "several --structure files must be drawings of one split each; give labels, maps or an image as one file");
        if (Kind == StructureKind.Image && StructureStages is null)
            throw new UsageException("--structure-kind image needs --structure-stages N");
    }

    private void CheckReference()
    {
        if (Mask is null && !IsDocument && KeepStages is null)
            throw new UsageException("--reference IMAGE needs --keep-stages N, or --mask");
        if (Mask is null && Keep is not null && KeepStages is null)
            throw new UsageException("--keep needs --keep-stages N");
        if (Mask is not null && (Part == KeptPart.Content || Structures.Count > 0))
            throw new UsageException("--mask keeps the structure of the reference: omit --structure and --keep content");
        if (Structures.Count > 0 && Part != KeptPart.Content)
            throw new UsageException(
                "--structure and the structure of --reference cannot be combined: use --keep content, or omit one");
        if (Structures.Count == 0 && Part == KeptPart.Content && Stages.Max() > 1)
            throw new UsageException("--keep content of several stages needs their structure: use --keep both, or add --structure");
    }
}
