using System.Text.Json.Serialization;
using Nvg.Var.Tokenizers;

namespace Nvg.Var.Transformers;

/// <summary>Sizes of the transformer that predicts token maps.</summary>
public sealed record VarTransformerConfig
{
    /// <summary>Side of each token map, as in the tokenizer.</summary>
    public required IReadOnlyList<int> Scales { get; init; }

    /// <summary>Latent channels (C).</summary>
    public required int LatentChannels { get; init; }

    /// <summary>Codebook size (V).</summary>
    public required int CodebookSize { get; init; }

    /// <summary>Number of classes, excluding the null class.</summary>
    public required int ClassCount { get; init; }

    /// <summary>Depth (d): number of blocks, and of heads unless <see cref="HeadCount"/> is given.</summary>
    public required int Depth { get; init; }

    /// <summary>Number of attention heads; null for the number of blocks, as in the published models.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? HeadCount { get; init; }

    /// <summary>Size of an attention head.</summary>
    public int HeadSize { get; init; } = 64;

    /// <summary>Width of the MLP as a multiple of the block's width.</summary>
    public int MlpRatio { get; init; } = 4;

    /// <summary>
    /// Whether the blocks share the linear layer of their modulation, to which each block adds its own table. Of the published models, only
    /// the one of depth 36 does.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool SharedModulation { get; init; }

    /// <summary>Number of attention heads.</summary>
    public int Heads => HeadCount ?? Depth;

    /// <summary>Width (W) of the blocks.</summary>
    public int Width => HeadSize * Heads;

    /// <summary>Index of the null class of unconditional passes.</summary>
    public int NullClass => ClassCount;

    /// <summary>The scales.</summary>
    internal ScaleSequence Sequence => new(Scales);

    /// <summary>All problems of the settings; empty if they are valid.</summary>
    public IEnumerable<string> Validate()
    {
        if (ScaleSequence.ProblemWith(Scales) is { } problem)
            yield return problem;
        if (Depth < 1 || Heads < 1 || HeadSize < 1 || MlpRatio < 1)
            yield return "depth, headCount, headSize and mlpRatio must be positive";
        if (LatentChannels < 1 || CodebookSize < 2 || ClassCount < 1)
            yield return "latentChannels, codebookSize and classCount must be positive (codebookSize at least 2)";
    }
}
