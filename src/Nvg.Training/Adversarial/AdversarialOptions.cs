namespace Nvg.Training.Adversarial;

/// <summary>The adversarial part of the tokenizer's loss; defaults are the paper's (specification, section 3).</summary>
public sealed record AdversarialOptions
{
    /// <summary>Which discriminator; the paper's is <see cref="DiscriminatorKind.Dino"/>, which needs weights.</summary>
    public DiscriminatorKind Discriminator { get; init; } = DiscriminatorKind.Patch;

    /// <summary>Path of the weights of DINO ViT-S/16, PyTorch or safetensors.</summary>
    public string? DinoWeights { get; init; }

    /// <summary>Blocks of DINO (from 0) after which a head looks; one more looks at the patch embedding.</summary>
    public IReadOnlyList<int> DinoBlocks { get; init; } = [2, 5, 8, 11];

    /// <summary>Width of the patch discriminator's first layer.</summary>
    public int PatchChannels { get; init; } = 64;

    /// <summary>Layers of the patch discriminator that halve the image: 3 see patches of 70 pixels.</summary>
    public int PatchHalvings { get; init; } = 3;

    /// <summary>Weight of the generator's adversarial term.</summary>
    public double Weight { get; init; } = 0.1;

    /// <summary>First step in which the discriminator learns and judges.</summary>
    public long StartStep { get; init; }

    /// <summary>Steps from there over which the weight rises linearly.</summary>
    public long WarmupSteps { get; init; }

    /// <summary>The discriminator's loss.</summary>
    public DiscriminatorLossKind Loss { get; init; } = DiscriminatorLossKind.Hinge;

    /// <summary>Weight of the LeCAM regulariser; 0 for none.</summary>
    public double LecamWeight { get; init; } = 0.001;

    /// <summary>Share of LeCAM's averages that stays in a step.</summary>
    public double LecamDecay { get; init; } = 0.999;

    /// <summary>Probability of each kind of augmentation (shift, colour, cover) in a step.</summary>
    public double Augmentation { get; init; } = 1;

    /// <summary>The discriminator's learning rate as a multiple of the run's.</summary>
    public double LearningRateFactor { get; init; } = 1;

    /// <summary>The discriminator's weight decay.</summary>
    public double WeightDecay { get; init; } = 5e-4;

    /// <summary>The weight of the generator's adversarial term in a step (from 0).</summary>
    public double WeightAt(long step) =>
        step < StartStep ? 0 : Weight * (WarmupSteps == 0 ? 1 : Math.Min(1, (step - StartStep + 1.0) / WarmupSteps));

    /// <summary>Everything that is wrong with the settings; empty if nothing is.</summary>
    /// <param name="imageSize">Side of the images.</param>
    public IEnumerable<string> Validate(int imageSize)
    {
        if (new[] { Weight, LecamWeight, WeightDecay }.Any(weight => weight is not (>= 0 and < double.PositiveInfinity)) || LearningRateFactor is not (> 0 and < double.PositiveInfinity))
            yield return "adversarial weights must be finite and not negative, learningRateFactor positive";
        if (StartStep < 0 || WarmupSteps < 0 || LecamDecay is not (>= 0 and < 1) || Augmentation is not (>= 0 and <= 1))
            yield return "adversarial startStep and warmupSteps must not be negative; lecamDecay must lie in [0, 1), augmentation in [0, 1]";
        if (Discriminator == DiscriminatorKind.Dino && DinoWeights is null)
            yield return "the dino discriminator needs dinoWeights, a file; the patch discriminator needs none";
        if (DinoBlocks.Count == 0 || DinoBlocks.Any(b => b < 0))
            yield return "dinoBlocks must name at least one block, from 0";
        if (Discriminator == DiscriminatorKind.Patch && (PatchChannels < 1 || PatchHalvings is < 1 or > 8 || imageSize < PatchDiscriminator.SmallestSide(PatchHalvings)))
            yield return $"patchHalvings {PatchHalvings} must lie between 1 and 8 and needs images of at least {PatchDiscriminator.SmallestSide(Math.Clamp(PatchHalvings, 1, 8))} pixels, patchChannels must be positive";
    }
}
