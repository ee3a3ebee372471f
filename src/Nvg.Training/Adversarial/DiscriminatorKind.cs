namespace Nvg.Training.Adversarial;

/// <summary>Kinds of discriminators.</summary>
public enum DiscriminatorKind
{
    /// <summary>Strided convolutions with a logit per patch; needs no pretrained weights.</summary>
    Patch,

    /// <summary>Heads on a frozen DINO vision transformer, as in the paper.</summary>
    Dino,
}
