namespace Nvg.Training.Adversarial;

/// <summary>Losses of the discriminator.</summary>
public enum DiscriminatorLossKind
{
    /// <summary>Hinge, as the paper has it.</summary>
    Hinge,

    /// <summary>Cross-entropy.</summary>
    Vanilla,
}
