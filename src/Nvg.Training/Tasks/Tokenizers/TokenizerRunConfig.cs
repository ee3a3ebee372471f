using System.Text.Json.Serialization;
using Nvg.Pretrained;
using Nvg.Tokenizers;
using Nvg.Training.Optimization;

namespace Nvg.Training.Tasks.Tokenizers;

/// <summary>Settings of <c>nvg train tokenizer</c>.</summary>
public sealed record TokenizerRunConfig
{
    /// <summary>Name of the model.</summary>
    public required string Name { get; init; }

    /// <summary>Sizes.</summary>
    public required TokenizerConfig Tokenizer { get; init; }

    /// <summary>Weights of the loss.</summary>
    public TokenizerLossOptions Loss { get; init; } = new();

    /// <summary>How squares are cut out of images; null for the paper's way.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public CropOptions? Crop { get; init; }

    /// <summary>Steps, batch, optimizer.</summary>
    public required TrainingOptions Training { get; init; }

    /// <summary>Everything that is wrong with the settings; empty if nothing is.</summary>
    public IEnumerable<string> Validate()
    {
        string[] perceptual = Loss.Perceptual is not null && Tokenizer.ImageSize < PerceptualDistance.SmallestSide
            ? [$"perceptual needs images of at least {PerceptualDistance.SmallestSide} pixels"]
            : [];
        // Codes that only later parts of a batch use would count as dead.
        string[] revival = Loss.ReviveEvery > 0 && Training.MicroBatchSize is not null ? ["reviveEvery looks at whole batches: leave out microBatchSize, or set reviveEvery to 0"] : [];
        return [.. Tokenizer.Validate(), .. Loss.Validate(), .. perceptual, .. revival, .. Loss.Adversarial?.Validate(Tokenizer.ImageSize) ?? [], .. Crop?.Validate() ?? [], .. Training.Validate()];
    }
}
