namespace Nvg.Pretrained;

/// <summary>ImageNet classifiers whose features are compared by a perceptual distance. Parameter names follow torchvision.</summary>
public enum PerceptualBackbone
{
    /// <summary>VGG16, the usual choice for losses and for the LPIPS of tokenizers.</summary>
    Vgg16,

    /// <summary>AlexNet, the closest to human judgement according to the authors of LPIPS.</summary>
    AlexNet,

    /// <summary>SqueezeNet 1.1, the smallest.</summary>
    SqueezeNet,

    /// <summary>
    /// ResNet-18 of a NuGet package (<see cref="ResNet18Files"/>), the backbone of <see cref="ResNet18Distance"/>. LPIPS has no linear
    /// weights for it, so <see cref="PerceptualDistance"/> does not accept it.
    /// </summary>
    ResNet18,
}
