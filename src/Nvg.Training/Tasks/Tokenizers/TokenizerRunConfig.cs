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
        // Pretrained weights count by their content, which their fingerprints identify.
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
        // With micro-batches, a code that only a later part uses would count as dead.
        if (Loss.ReviveEvery > 0 && Training.MicroBatchSize is not null)
            yield return "reviveEvery needs whole batches: leave out microBatchSize, or set reviveEvery to 0";
    }
}
