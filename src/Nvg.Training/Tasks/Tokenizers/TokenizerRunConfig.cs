using System.Text.Json.Serialization;
using Nvg.Pretrained;
using Nvg.Tokenizers;
using Nvg.Training.Optimization;
using Nvg.Training.Runs;

namespace Nvg.Training.Tasks.Tokenizers;

/// <summary>Settings of <c>nvg train tokenizer</c>.</summary>
public sealed record TokenizerRunConfig : IRunConfiguration<TokenizerRunConfig>
{
    /// <summary>Name of the model.</summary>
    public required string Name { get; init; }

    /// <summary>Sizes.</summary>
    public required TokenizerConfig Tokenizer { get; init; }

    /// <summary>Folder of a model with the same tokenizer sizes, whose tokenizer the run starts with; null for random weights.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Start { get; init; }

    /// <summary>The parts that are trained; the others keep the weights of <see cref="Start"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public TokenizerParts Parts { get; init; }

    /// <summary>Weights of the loss.</summary>
    public TokenizerLossOptions Loss { get; init; } = new();

    /// <summary>How crops are taken from images; null for the setting of the paper.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public CropOptions? Crop { get; init; }

    /// <summary>Steps, batch, optimizer.</summary>
    public required TrainingOptions Training { get; init; }

    /// <inheritdoc/>
    public IEnumerable<string> Validate() =>
    [
        .. Tokenizer.Validate(),
        .. Loss.Validate(),
        .. ValidateTogether(),
        .. Loss.Adversarial?.Validate(Tokenizer.ImageSize) ?? [],
        .. Crop?.Validate() ?? [],
        .. Training.Validate(),
    ];

    /// <inheritdoc/>
    public TokenizerRunConfig IdentitySettings() => this with
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

    private IEnumerable<string> ValidateTogether()
    {
        if (Loss.Perceptual is not null && Tokenizer.ImageSize < PerceptualDistance.SmallestSide)
            yield return $"perceptual needs images of at least {PerceptualDistance.SmallestSide} pixels";
        // With micro-batches, a code that is used only in a later part would count as dead.
        if (Loss.ReviveEvery > 0 && Training.MicroBatchSize is not null)
            yield return "reviveEvery needs whole batches: leave out microBatchSize, or set reviveEvery to 0";
        if (Parts == TokenizerParts.Decoder && Start is null)
            yield return "parts: decoder needs start, the folder of a model whose encoder and quantizer are kept";
        if (Parts == TokenizerParts.Decoder && Loss.ReviveEvery > 0)
            yield return "parts: decoder keeps the codebook: set loss.reviveEvery to 0";
    }
}
