using Nvg.Checkpoints;
using Nvg.Var.Sampling;
using Nvg.Var.Tokenizers;
using Nvg.Var.Transformers;

namespace Nvg.Var;

/// <summary>Contents of <c>config.json</c> in the folder of a VAR model.</summary>
public sealed record VarModelConfig
{
    /// <summary>Version of the folder layout that this build reads and writes.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Version of the folder layout.</summary>
    public int Format { get; init; } = CurrentFormat;

    /// <summary>The method: <c>var</c>.</summary>
    public string Method { get; init; } = ModelMethod.Var;

    /// <summary>Name of the model.</summary>
    public required string Name { get; init; }

    /// <summary>Sizes of the tokenizer.</summary>
    public required VarTokenizerConfig Tokenizer { get; init; }

    /// <summary>Sizes of the transformer, or null if the folder holds only a tokenizer.</summary>
    public VarTransformerConfig? Transformer { get; init; }

    /// <summary>Default sampling settings of the model.</summary>
    public VarSamplingOptions Sampling { get; init; } = new();

    /// <summary>All problems of the settings; empty if they are valid.</summary>
    public IEnumerable<string> Validate()
    {
        if (Format != CurrentFormat)
            yield return $"format is {Format}, but this build reads {CurrentFormat}";
        if (Method != ModelMethod.Var)
            yield return $"method is '{Method}', not '{ModelMethod.Var}'";
        List<string> nested = [.. Tokenizer.Validate(), .. Transformer?.Validate() ?? []];
        foreach (string problem in nested)
            yield return problem;
        if (nested.Count > 0 || Transformer is not { } transformer)
            yield break;
        bool sameLatent = transformer.Scales.SequenceEqual(Tokenizer.Scales) && transformer.LatentChannels == Tokenizer.LatentChannels;
        if (!sameLatent || transformer.CodebookSize != Tokenizer.CodebookSize)
            yield return "tokenizer and transformer disagree on the scales, the latent channels or the codebook";
        foreach (string problem in Sampling.Validate(transformer.Sequence.Last))
            yield return problem;
    }
}
