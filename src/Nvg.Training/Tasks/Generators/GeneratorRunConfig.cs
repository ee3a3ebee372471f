using System.Text.Json.Serialization;
using Nvg.Generators;
using Nvg.Sampling;
using Nvg.Training.Optimization;
using Nvg.Training.Runs;

namespace Nvg.Training.Tasks.Generators;

/// <summary>Settings of <c>nvg train generator</c>.</summary>
public sealed record GeneratorRunConfig : IRunConfiguration<GeneratorRunConfig>
{
    /// <summary>Name of the model.</summary>
    public required string Name { get; init; }

    /// <summary>Folder of the trained tokenizer.</summary>
    public required string Tokenizer { get; init; }

    /// <summary>Blocks in each generator (d).</summary>
    public required int Depth { get; init; }

    /// <summary>Token features of the content generator, see <see cref="GeneratorConfig.TokenFeatures"/>; 0 as in the paper.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int TokenFeatures { get; init; }

    /// <summary>Which generators are trained.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public GeneratorParts Parts { get; init; }

    /// <summary>
    /// Folder of a model with the same sizes and tokenizer, whose generators the run starts with; null for random weights.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Start { get; init; }

    /// <summary>Crops of every image that are encoded: the centre crop, and random crops beyond the first; null for one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Crops { get; init; }

    /// <summary>
    /// Whether blocks are recomputed in the backward pass instead of keeping their activations: less memory, a third more work.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool ActivationCheckpoints { get; init; }

    /// <summary>Settings of the loss.</summary>
    public GeneratorLossOptions Loss { get; init; } = new();

    /// <summary>Steps, batch, optimizer.</summary>
    public required TrainingOptions Training { get; init; }

    /// <summary>Default sampling settings of the model.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <inheritdoc/>
    public IEnumerable<string> Validate()
    {
        foreach (string problem in (IEnumerable<string>)[.. Training.Validate(), .. Loss.Validate()])
            yield return problem;
        if (Crops < 1)
            yield return "crops must be positive";
        if (Loss.Alignment is { } alignment && (alignment.Block > Depth || Parts == GeneratorParts.Structure))
            yield return $"alignment.block must be one of the {Depth} blocks of the content generator, which must be trained";
    }

    /// <inheritdoc/>
    public GeneratorRunConfig IdentitySettings() => this with
    {
        // Models are identified by their content, that is, by the fingerprints of their weights.
        Tokenizer = "",
        Start = null,
        Loss = Loss with { Alignment = Loss.Alignment is { } alignment ? alignment with { Weights = "" } : null },
        Training = Training.Identity,
    };
}
