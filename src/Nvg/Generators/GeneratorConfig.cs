using System.Text.Json.Serialization;
using Nvg.Generators.Blocks;
using Nvg.Granularity;

namespace Nvg.Generators;

/// <summary>Sizes of the content and structure generators.</summary>
public sealed record GeneratorConfig
{
    /// <summary>The largest guidance scale that a generator may take as an input; a network cannot resolve a wider range.</summary>
    internal const double LargestGuidanceLimit = 100;

    /// <summary>Rows of the latent.</summary>
    public required int LatentHeight { get; init; }

    /// <summary>Columns of the latent.</summary>
    public required int LatentWidth { get; init; }

    /// <summary>Latent channels (C).</summary>
    public required int LatentChannels { get; init; }

    /// <summary>Codebook size (V).</summary>
    public required int CodebookSize { get; init; }

    /// <summary>Number of classes, excluding the null class.</summary>
    public required int ClassCount { get; init; }

    /// <summary>Depth (d): blocks of each generator and heads of the content generator.</summary>
    public required int Depth { get; init; }

    /// <summary>
    /// Token features (E): additional values that the content generator predicts at every position. The token logits depend on them as
    /// well. 0 in the paper. With few latent channels, the difference between canvases is too narrow to express even the frequencies of the
    /// tokens.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int TokenFeatures { get; init; }

    /// <summary>Size of an attention head.</summary>
    public int HeadSize { get; init; } = 64;

    /// <summary>Width of the MLP as a multiple of the block's width.</summary>
    public int MlpRatio { get; init; } = 4;

    /// <summary>Width of the content generator as a multiple of the structure generator's.</summary>
    public int StructureWidthDivisor { get; init; } = 2;

    /// <summary>
    /// Whether the structure generator takes the length of an interval of time as an input and predicts its average velocity, so that
    /// few steps suffice (docs/method.md, section 11.1); false in the paper.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool StructureStepInput { get; init; }

    /// <summary>
    /// The largest guidance scale that the structure generator takes as an input, so that a guided step is one pass; null if it has no such
    /// input, as in the paper.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? StructureGuidanceLimit { get; init; }

    /// <summary>
    /// The largest guidance scale that the content generator takes as an input, so that a guided stage is one pass (docs/method.md, section
    /// 11.2); null if it has no such input, as in the paper.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? ContentGuidanceLimit { get; init; }

    /// <summary>The latent grid.</summary>
    public LatentGrid Grid => new(LatentHeight, LatentWidth);

    /// <summary>Width of the content generator: 64 d in the paper.</summary>
    public int ContentWidth => HeadSize * Depth;

    /// <summary>Width of the structure generator: half the content generator's in the paper.</summary>
    public int StructureWidth => ContentWidth / StructureWidthDivisor;

    /// <summary>Number of splits that the structure generator predicts: K − 1, because the last split needs no prediction.</summary>
    public int StructureStageCount => Math.Max(Grid.LastStage - 1, 0);

    /// <summary>Index of the null class of unconditional passes.</summary>
    public int NullClass => ClassCount;

    /// <summary>All problems of the settings; empty if they are valid.</summary>
    public IEnumerable<string> Validate()
    {
        if (LatentHeight < 1 || LatentWidth < 1 || !long.IsPow2((long)LatentHeight * LatentWidth))
            yield return $"latentHeight × latentWidth = {LatentHeight} × {LatentWidth} must be a power of two";
        bool positive = Depth >= 1 && StructureWidthDivisor >= 1 && HeadSize >= 2 && MlpRatio >= 1;
        if (!positive || HeadSize * Depth % (HeadSize * StructureWidthDivisor) != 0)
            yield return $"depth {Depth} must be a positive multiple of structureWidthDivisor {StructureWidthDivisor}, for whole heads";
        if (StructureGuidanceLimit is not (null or (> 1 and <= LargestGuidanceLimit)))
            yield return $"structureGuidanceLimit must be in (1, {LargestGuidanceLimit}]";
        if (ContentGuidanceLimit is not (null or (> 1 and <= LargestGuidanceLimit)))
            yield return $"contentGuidanceLimit must be in (1, {LargestGuidanceLimit}]";
        if (TokenFeatures < 0)
            yield return "tokenFeatures must not be negative";
        if (LatentChannels < 1 || CodebookSize < 2 || ClassCount < 1)
            yield return "latentChannels, codebookSize and classCount must be positive (codebookSize at least 2)";
        int taken = RotaryEmbedding.TokenTypeSize + 2 * (int)Math.Log2(Math.Max(1, (double)LatentHeight * LatentWidth));
        if (HeadSize % 2 != 0 || HeadSize < taken)
            yield return $"headSize {HeadSize} leaves no room for the {taken} rotary channels of token type and structure";
    }
}
