using System.Text.Json.Serialization;
using Nvg.Training.Adversarial;

namespace Nvg.Training.Tasks.Tokenizers;

/// <summary>Settings of the tokenizer's loss.</summary>
public sealed record TokenizerLossOptions
{
    /// <summary>Weight of the mean absolute error of the reconstruction.</summary>
    public double L1 { get; init; } = 1;

    /// <summary>Weight of the mean squared error of the reconstruction.</summary>
    public double L2 { get; init; } = 1;

    /// <summary>Weight of the quantizer's loss.</summary>
    public double Quantizer { get; init; } = 1;

    /// <summary>Steps in which every code receives a gradient; one epoch in the paper.</summary>
    public long WarmupSteps { get; init; }

    /// <summary>Interval in steps at which codes unused by the current batch are reset to encoder outputs; 0 disables it.</summary>
    public long ReviveEvery { get; init; }

    /// <summary>Step after which codes are no longer reset.</summary>
    public long ReviveUntil { get; init; }

    /// <summary>LPIPS term; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PerceptualLossOptions? Perceptual { get; init; }

    /// <summary>Adversarial term; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public AdversarialOptions? Adversarial { get; init; }

    /// <summary>Share of images that are decoded from the canvas after a random stage, so that early stages can be decoded too.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public double StageDropout { get; init; }

    /// <summary>All problems with the settings; empty if there are none.</summary>
    public IEnumerable<string> Validate()
    {
        if (new[] { L1, L2, Quantizer }.Any(weight => weight is not (>= 0 and < double.PositiveInfinity)))
            yield return "l1, l2 and quantizer must be finite and not negative";
        if (StageDropout is not (>= 0 and <= 1))
            yield return "stageDropout must be in [0, 1]";
        foreach (string problem in Perceptual?.Validate() ?? [])
            yield return problem;
        if (WarmupSteps < 0 || ReviveEvery < 0 || ReviveUntil < 0)
            yield return "warmupSteps, reviveEvery and reviveUntil must not be negative";
    }
}
