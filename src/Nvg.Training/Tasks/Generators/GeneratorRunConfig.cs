using System.Text.Json.Serialization;
using Nvg.Sampling;
using Nvg.Training.Optimization;

namespace Nvg.Training.Tasks.Generators;

/// <summary>Settings of <c>nvg train generator</c>.</summary>
public sealed record GeneratorRunConfig
{
    /// <summary>Name of the model.</summary>
    public required string Name { get; init; }

    /// <summary>Folder of the trained tokenizer.</summary>
    public required string Tokenizer { get; init; }

    /// <summary>d, blocks of each generator.</summary>
    public required int Depth { get; init; }

    /// <summary>Which generators are trained.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public GeneratorParts Parts { get; init; }

    /// <summary>Folder of a model of the same sizes and tokenizer whose generators the run starts with; null for random weights.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Start { get; init; }

    /// <summary>Squares of every image that are encoded: the centre, and beyond the first as many random ones.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Crops { get; init; }

    /// <summary>Whether blocks are computed again in the backward pass in place of keeping what they computed: less memory, a third more work.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool ActivationCheckpoints { get; init; }

    /// <summary>What an image's loss is made of.</summary>
    public GeneratorLossOptions Loss { get; init; } = new();

    /// <summary>Steps, batch, optimizer.</summary>
    public required TrainingOptions Training { get; init; }

    /// <summary>Settings that the model generates with unless told otherwise.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>Everything that is wrong with the settings; empty if nothing is.</summary>
    public IEnumerable<string> Validate()
    {
        foreach (string problem in (IEnumerable<string>)[.. Training.Validate(), .. Loss.Validate()])
            yield return problem;
        if (Crops < 1)
            yield return "crops must be positive";
        if (Loss.Alignment is { } alignment && (alignment.Block > Depth || Parts == GeneratorParts.Structure))
            yield return $"alignment takes a block of the content generator, which has {Depth} and must be trained";
    }
}
