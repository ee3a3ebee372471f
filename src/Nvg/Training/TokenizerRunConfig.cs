using Nvg.Tokenizers;

namespace Nvg.Training;

/// <summary>Settings of <c>nvg train tokenizer</c>.</summary>
public sealed record TokenizerRunConfig
{
    /// <summary>Name of the model.</summary>
    public required string Name { get; init; }

    /// <summary>Sizes.</summary>
    public required TokenizerConfig Tokenizer { get; init; }

    /// <summary>Weights of the loss.</summary>
    public TokenizerLossOptions Loss { get; init; } = new();

    /// <summary>Steps, batch, optimizer.</summary>
    public required TrainingOptions Training { get; init; }

    /// <summary>Everything that is wrong with the settings; empty if nothing is.</summary>
    public IEnumerable<string> Validate() => [.. Tokenizer.Validate(), .. Loss.Validate(), .. Training.Validate()];
}
