using Nvg.Sampling;

namespace Nvg.Training;

/// <summary>Settings of <c>nvg train generator</c>.</summary>
public sealed record GeneratorRunConfig
{
    /// <summary>Name of the model.</summary>
    public required string Name { get; init; }

    /// <summary>Folder of the trained tokenizer.</summary>
    public required string Tokenizer { get; init; }

    /// <summary>d, blocks of each generator.</summary>
    public required int Depth { get; init; }

    /// <summary>What an image's loss is made of.</summary>
    public GeneratorLossOptions Loss { get; init; } = new();

    /// <summary>Steps, batch, optimizer.</summary>
    public required TrainingOptions Training { get; init; }

    /// <summary>Settings that the model generates with unless told otherwise.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>Everything that is wrong with the settings; empty if nothing is.</summary>
    public IEnumerable<string> Validate() => [.. Training.Validate(), .. Loss.Validate()];
}
