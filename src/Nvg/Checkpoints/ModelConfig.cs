using Nvg.Generators;
using Nvg.Sampling;
using Nvg.Tokenizers;

namespace Nvg.Checkpoints;

/// <summary>Contents of <c>config.json</c> in a model folder.</summary>
public sealed record ModelConfig
{
    /// <summary>Version of the folder layout that this build reads and writes.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Version of the folder layout.</summary>
    public int Format { get; init; } = CurrentFormat;

    /// <summary>Name of the model.</summary>
    public required string Name { get; init; }

    /// <summary>Sizes of the tokenizer.</summary>
    public required TokenizerConfig Tokenizer { get; init; }

    /// <summary>Sizes of the generators, or null if the folder holds only a tokenizer.</summary>
    public GeneratorConfig? Generator { get; init; }

    /// <summary>Default sampling settings of the model.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>All problems of the settings; empty if they are valid.</summary>
    public IEnumerable<string> Validate()
    {
        if (Format != CurrentFormat)
            yield return $"format is {Format}, but this build reads {CurrentFormat}";
        List<string> nested = [.. Tokenizer.Validate(), .. Generator?.Validate() ?? []];
        foreach (string problem in nested)
            yield return problem;
        if (nested.Count > 0 || Generator is not { } generator)
            yield break;
        bool sameLatent = generator.Grid == Tokenizer.Grid && generator.LatentChannels == Tokenizer.LatentChannels;
        if (!sameLatent || generator.CodebookSize != Tokenizer.CodebookSize)
            yield return "tokenizer and generator disagree on the latent grid, its channels or the codebook";
        foreach (string problem in Sampling.Validate(generator))
            yield return problem;
    }
}
