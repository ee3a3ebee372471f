using System.Text.Json.Serialization;
using Nvg.Pretrained;
using Nvg.Training.Optimization;
using Nvg.Training.Runs;
using Nvg.Training.Tasks.Tokenizers;
using Nvg.Var.Tokenizers;

namespace Nvg.Training.Tasks.Var;

/// <summary>Settings of <c>nvg train var-tokenizer</c>.</summary>
public sealed record VarTokenizerRunConfig : IRunConfiguration<VarTokenizerRunConfig>
{
    /// <summary>Name of the model.</summary>
    public required string Name { get; init; }

    /// <summary>Sizes.</summary>
    public required VarTokenizerConfig Tokenizer { get; init; }

    /// <summary>
    /// Folder of a model whose tokenizer the run starts with: of VAR with the same settings, or of NVG with the same encoder, decoder and
    /// codebook; null for random weights.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Start { get; init; }

    /// <summary>Weights of the loss.</summary>
    public TokenizerLossOptions Loss { get; init; } = new();

    /// <summary>How crops are taken from images; null for the usual setting.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public CropOptions? Crop { get; init; }

    /// <summary>Steps, batch, optimizer.</summary>
    public required TrainingOptions Training { get; init; }

    /// <inheritdoc/>
    public IEnumerable<string> Validate()
    {
        List<string> nested = [.. Tokenizer.Validate(), .. Loss.Validate(), .. Crop?.Validate() ?? [], .. Training.Validate()];
        foreach (string problem in nested)
            yield return problem;
        if (ScaleSequence.ProblemWith(Tokenizer.Scales) is not null)
            yield break;
        foreach (string problem in Loss.Adversarial?.Validate(Tokenizer.ImageSize) ?? [])
            yield return problem;
        if (Loss.Perceptual is not null && Tokenizer.ImageSize < PerceptualDistance.SmallestSide)
            yield return $"perceptual needs images of at least {PerceptualDistance.SmallestSide} pixels";
        // With micro-batches, a code that is used only in a later part would count as dead.
        if (Loss.ReviveEvery > 0 && Training.MicroBatchSize is not null)
            yield return "reviveEvery needs whole batches: leave out microBatchSize, or set reviveEvery to 0";
    }

    /// <inheritdoc/>
    public VarTokenizerRunConfig IdentitySettings() => this with
    {
        // Models and pretrained weights are identified by their content, that is, by their fingerprints.
        Start = null,
        Loss = Loss with
        {
            Perceptual = Loss.Perceptual is { } perceptual ? perceptual with { Weights = "", LinearWeights = "" } : null,
            Adversarial = Loss.Adversarial is { } adversarial ? adversarial with { DinoWeights = null } : null,
        },
        Training = Training.Identity,
    };
}
