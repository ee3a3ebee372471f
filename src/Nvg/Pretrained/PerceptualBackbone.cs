namespace Nvg.Pretrained;

/// <summary>ImageNet classifiers whose features LPIPS compares; parameter names are those of torchvision.</summary>
public enum PerceptualBackbone
{
    /// <summary>VGG16, the usual choice for losses and for the LPIPS of tokenizers.</summary>
    Vgg16,

    /// <summary>AlexNet, the closest to human judgement according to the authors of LPIPS.</summary>
    AlexNet,

    /// <summary>SqueezeNet 1.1, the smallest.</summary>
    SqueezeNet,
}
