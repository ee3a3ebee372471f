namespace Nvg.Evaluation.Features;

/// <summary>Customary normalisations of pixels.</summary>
public enum OnnxNormalization
{
    /// <summary>Mean and deviation of ImageNet's channels: most networks of torchvision and timm, DINO, DINOv2.</summary>
    ImageNet,

    /// <summary>Mean and deviation of CLIP's training images.</summary>
    Clip,

    /// <summary>[−1, 1]: Inception and many networks of TensorFlow.</summary>
    Half,

    /// <summary>[0, 1].</summary>
    Unit,

    /// <summary>0 to 255, as they are.</summary>
    Bytes,
}
