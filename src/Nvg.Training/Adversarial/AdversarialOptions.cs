using System.Text.Json.Serialization;

namespace Nvg.Training.Adversarial;

/// <summary>
/// Settings of the adversarial term of the tokenizer's loss; the defaults are those of the paper (docs/method.md, section 3.6).
/// </summary>
public sealed record AdversarialOptions
{
    private const int MostHalvings = 8;

    /// <summary>Kind of discriminator; <see cref="DiscriminatorKind.Dino"/> in the paper, which needs pretrained weights.</summary>
    public DiscriminatorKind Discriminator { get; init; } = DiscriminatorKind.Patch;

    /// <summary>Path of the weights of DINO ViT-S/16, PyTorch or safetensors.</summary>
    public string? DinoWeights { get; init; }

    /// <summary>Zero-based DINO blocks that feed a discriminator head; the patch embedding feeds one more.</summary>
    public IReadOnlyList<int> DinoBlocks { get; init; } = [2, 5, 8, 11];

    /// <summary>Width of the patch discriminator's first layer.</summary>
    public int PatchChannels { get; init; } = 64;

    /// <summary>Layers of the patch discriminator that halve the image; with 3, a logit sees 70 × 70 pixels.</summary>
    public int PatchHalvings { get; init; } = 3;

    /// <summary>Weight of the tokenizer's adversarial term.</summary>
    public double Weight { get; init; } = 0.1;

    /// <summary>First step with the adversarial term.</summary>
    public long StartStep { get; init; }

    /// <summary>Steps from there over which the weight rises linearly.</summary>
    public long WarmupSteps { get; init; }

    /// <summary>Loss of the discriminator.</summary>
    public DiscriminatorLossKind Loss { get; init; } = DiscriminatorLossKind.Hinge;

    /// <summary>Weight of the LeCAM regulariser; 0 disables it.</summary>
    public double LecamWeight { get; init; } = 0.001;

    /// <summary>Decay of the running averages of LeCAM.</summary>
    public double LecamDecay { get; init; } = 0.999;

    /// <summary>Probability of each kind of augmentation (shift, colour, cutout) in a step.</summary>
    public double Augmentation { get; init; } = 1;

    /// <summary>
    /// Factor on the images that the discriminator sees; null for 1. Spectral norms limit how far its logits separate similar images, so
    /// images of low contrast need a larger factor.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Contrast { get; init; }

    /// <summary>Learning rate of the discriminator as a multiple of the run's.</summary>
    public double LearningRateFactor { get; init; } = 1;

    /// <summary>Weight decay of the discriminator.</summary>
    public double WeightDecay { get; init; } = 5e-4;

    /// <summary>Weight of the adversarial term in a step (from 0).</summary>
    public double WeightAt(long step) =>
        step < StartStep ? 0 : Weight * (WarmupSteps == 0 ? 1 : Math.Min(1, (step - StartStep + 1.0) / WarmupSteps));

    /// <summary>All problems with the settings; empty if there are none.</summary>
    /// <param name="imageSize">Side of the images.</param>
    public IEnumerable<string> Validate(int imageSize)
    {
        bool weightsAreValid = new[] { Weight, LecamWeight, WeightDecay }.All(weight => weight is >= 0 and < double.PositiveInfinity);
        if (!weightsAreValid || LearningRateFactor is not (> 0 and < double.PositiveInfinity))
            yield return "adversarial weights must be finite and not negative, learningRateFactor positive";
        if (StartStep < 0 || WarmupSteps < 0 || LecamDecay is not (>= 0 and < 1) || Augmentation is not (>= 0 and <= 1))
        {
            yield return "adversarial startStep and warmupSteps must not be negative; "
                + "lecamDecay must be in [0, 1), augmentation in [0, 1]";
        }

        if (Contrast is not (null or (> 0 and < double.PositiveInfinity)))
            yield return "adversarial contrast must be positive";
        if (Discriminator == DiscriminatorKind.Dino && DinoWeights is null)
            yield return "the dino discriminator needs dinoWeights, a file of pretrained weights; the patch discriminator needs none";
        if (DinoBlocks.Count == 0 || DinoBlocks.Any(b => b < 0))
            yield return "dinoBlocks must name at least one block, counted from 0";
        if (Discriminator == DiscriminatorKind.Patch && !PatchesFit(imageSize))
        {
            int smallest = PatchDiscriminator.SmallestSide(Math.Clamp(PatchHalvings, 1, MostHalvings));
            yield return $"patchHalvings {PatchHalvings} must be between 1 and {MostHalvings} "
                + $"and needs images of at least {smallest} pixels; patchChannels must be positive";
        }
    }

    private bool PatchesFit(int imageSize) =>
        PatchChannels >= 1 && PatchHalvings is >= 1 and <= MostHalvings && imageSize >= PatchDiscriminator.SmallestSide(PatchHalvings);
}
