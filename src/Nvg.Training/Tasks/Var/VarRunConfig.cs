using System.Text.Json.Serialization;
using Nvg.Training.Optimization;
using Nvg.Training.Runs;
using Nvg.Var.Sampling;

namespace Nvg.Training.Tasks.Var;

/// <summary>Settings of <c>nvg train var</c>.</summary>
public sealed record VarRunConfig : IRunConfiguration<VarRunConfig>
{
    /// <summary>Name of the model.</summary>
    public required string Name { get; init; }

    /// <summary>Folder of the trained tokenizer.</summary>
    public required string Tokenizer { get; init; }

    /// <summary>Number of blocks (d), and of heads unless <see cref="HeadCount"/> is given.</summary>
    public required int Depth { get; init; }

    /// <summary>Number of attention heads; null for as many as there are blocks.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? HeadCount { get; init; }

    /// <summary>Whether the blocks share their modulation, as in the published model of depth 36.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool SharedModulation { get; init; }

    /// <summary>Crops of every image that are encoded: the centre crop, and random crops beyond the first; null for one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Crops { get; init; }

    /// <summary>Settings of the loss.</summary>
    public VarLossOptions Loss { get; init; } = new();

    /// <summary>Steps, batch, optimizer.</summary>
    public required TrainingOptions Training { get; init; }

    /// <summary>Default sampling settings of the model.</summary>
    public VarSamplingOptions Sampling { get; init; } = new();

    /// <inheritdoc/>
    public IEnumerable<string> Validate()
    {
        foreach (string problem in (IEnumerable<string>)[.. Training.Validate(), .. Loss.Validate()])
            yield return problem;
        if (Crops < 1 || Depth < 1 || HeadCount < 1)
            yield return "crops, depth and headCount must be positive";
    }

    /// <inheritdoc/>
    public VarRunConfig IdentitySettings() => this with
    {
        // The tokenizer is identified by its content, that is, by the fingerprint of its weights.
        Tokenizer = "",
        Training = Training.Identity,
    };
}
