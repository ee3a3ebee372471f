using Nvg.Granularity;

namespace Nvg.Generators;

/// <summary>Sizes of the two generators, content and structure.</summary>
public sealed record GeneratorConfig
{
    /// <summary>Rows of the latent.</summary>
    public required int LatentHeight { get; init; }

    /// <summary>Columns of the latent.</summary>
    public required int LatentWidth { get; init; }

    /// <summary>C, width of the latent.</summary>
    public required int LatentChannels { get; init; }

    /// <summary>V, entries of the codebook.</summary>
    public required int CodebookSize { get; init; }

    /// <summary>Classes that can be asked for; the null class stands behind the last.</summary>
    public required int ClassCount { get; init; }

    /// <summary>d, transformer blocks of each generator and heads of the content generator.</summary>
    public required int Depth { get; init; }

    /// <summary>Size of an attention head.</summary>
    public int HeadSize { get; init; } = 64;

    /// <summary>By how much the MLP is wider than the block.</summary>
    public int MlpRatio { get; init; } = 4;

    /// <summary>By how much the structure generator is narrower than the content generator.</summary>
    public int StructureWidthDivisor { get; init; } = 2;

    /// <summary>The latent positions and their stages.</summary>
    public LatentGrid Grid => new(LatentHeight, LatentWidth);

    /// <summary>Width of the content generator: 64 d in the paper.</summary>
    public int ContentWidth => HeadSize * Depth;

    /// <summary>Width of the structure generator: half the content generator's in the paper.</summary>
    public int StructureWidth => ContentWidth / StructureWidthDivisor;

    /// <summary>Stages that the structure generator predicts: K − 1, as pairs split into singles without prediction.</summary>
    public int StructureStageCount => Math.Max(Grid.LastStage - 1, 0);

    /// <summary>Number of the null class of unconditional passes.</summary>
    public int NullClass => ClassCount;

    /// <summary>Everything that is wrong with the settings; empty if nothing is.</summary>
    public IEnumerable<string> Validate()
    {
        if (LatentHeight < 1 || LatentWidth < 1 || !long.IsPow2((long)LatentHeight * LatentWidth))
            yield return $"latentHeight × latentWidth = {LatentHeight} × {LatentWidth} must be a power of two";
        if (Depth < 1 || StructureWidthDivisor < 1 || HeadSize < 2 || MlpRatio < 1 || HeadSize * Depth % (HeadSize * StructureWidthDivisor) != 0)
            yield return $"depth {Depth} must be a positive multiple of structureWidthDivisor {StructureWidthDivisor}, so that heads come out whole";
        if (LatentChannels < 1 || CodebookSize < 2 || ClassCount < 1)
            yield return "latentChannels, codebookSize and classCount must be positive (codebookSize at least 2)";
        int taken = RotaryEmbedding.TokenTypeSize + 2 * (int)Math.Log2(Math.Max(1, (double)LatentHeight * LatentWidth));
        if (HeadSize % 2 != 0 || HeadSize < taken)
            yield return $"headSize {HeadSize} leaves no room for the {taken} rotary channels of token type and structure";
    }
}
