using Nvg.Generators;
using Nvg.Sampling;
using Nvg.Tokenizers;

namespace Nvg.Checkpoints;

/// <summary>What <c>config.json</c> of a model folder holds.</summary>
public sealed record ModelConfig
{
    /// <summary>The layout of the folder this build writes and reads.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Layout of the folder.</summary>
    public int Format { get; init; } = CurrentFormat;

    /// <summary>Name of the model.</summary>
    public required string Name { get; init; }

    /// <summary>Sizes of the tokenizer.</summary>
    public required TokenizerConfig Tokenizer { get; init; }

    /// <summary>Sizes of the generators, or null in a folder that holds a tokenizer alone.</summary>
    public GeneratorConfig? Generator { get; init; }

    /// <summary>Settings that <c>generate</c> uses unless told otherwise.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>Everything that is wrong with the settings; empty if nothing is.</summary>
    public IEnumerable<string> Validate()
    {
        if (Format != CurrentFormat)
            yield return $"format is {Format}, this build reads {CurrentFormat}";
        List<string> nested = [.. Tokenizer.Validate(), .. Generator?.Validate() ?? []];
        foreach (string problem in nested)
            yield return problem;
        if (nested.Count > 0 || Generator is not { } generator)
            yield break;
        if (generator.Grid != Tokenizer.Grid || generator.LatentChannels != Tokenizer.LatentChannels || generator.CodebookSize != Tokenizer.CodebookSize)
            yield return "tokenizer and generator disagree on the latent grid, its channels or the codebook";
        foreach (string problem in Sampling.Validate(generator.Grid.LastStage))
            yield return problem;
    }
}
