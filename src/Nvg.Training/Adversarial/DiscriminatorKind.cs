namespace Nvg.Training.Adversarial;

/// <summary>Networks that judge reconstructions.</summary>
public enum DiscriminatorKind
{
    /// <summary>Convolutions that judge patches; no foreign weights.</summary>
    Patch,

    /// <summary>Heads on a frozen DINO vision transformer, as the paper has it.</summary>
    Dino,
}
