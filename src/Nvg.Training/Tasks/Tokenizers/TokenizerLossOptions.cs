using System.Text.Json.Serialization;
using Nvg.Training.Adversarial;

namespace Nvg.Training.Tasks.Tokenizers;

/// <summary>Weights of the tokenizer's loss.</summary>
public sealed record TokenizerLossOptions
{
    /// <summary>Weight of the mean absolute difference of images.</summary>
    public double L1 { get; init; } = 1;

    /// <summary>Weight of the mean squared difference of images.</summary>
    public double L2 { get; init; } = 1;

    /// <summary>Weight of the quantizer's loss.</summary>
    public double Quantizer { get; init; } = 1;

    /// <summary>Steps in which every code receives gradient; the paper's models use the first epoch.</summary>
    public long WarmupSteps { get; init; }

    /// <summary>Steps between looks for codes that a batch does not use, which then move to where codes are asked for; 0 for never.</summary>
    public long ReviveEvery { get; init; }

    /// <summary>Step after which codes are left where they are.</summary>
    public long ReviveUntil { get; init; }

    /// <summary>LPIPS beside the differences of pixels; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PerceptualLossOptions? Perceptual { get; init; }

    /// <summary>A discriminator; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public AdversarialOptions? Adversarial { get; init; }

    /// <summary>Share of images of which the decoder sees only the stages up to a random one, so that early stages make images too.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public double StageDropout { get; init; }

    /// <summary>Everything that is wrong with the settings; empty if nothing is.</summary>
    public IEnumerable<string> Validate()
    {
        if (new[] { L1, L2, Quantizer }.Any(weight => weight is not (>= 0 and < double.PositiveInfinity)))
            yield return "l1, l2 and quantizer must be finite and not negative";
        if (Perceptual is { Weight: not (>= 0 and < double.PositiveInfinity) } || StageDropout is not (>= 0 and <= 1))
            yield return "perceptual.weight must be finite and not negative; stageDropout must lie in [0, 1]";
        if (WarmupSteps < 0 || ReviveEvery < 0 || ReviveUntil < 0)
            yield return "warmupSteps, reviveEvery and reviveUntil must not be negative";
    }
}
