namespace Nvg.Training.Adversarial;

/// <summary>Loss of the discriminator.</summary>
public enum DiscriminatorLossKind
{
    /// <summary>Hinge loss, as in the paper.</summary>
    Hinge,

    /// <summary>Cross-entropy.</summary>
    Vanilla,
}
