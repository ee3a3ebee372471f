namespace Nvg.Pretrained;

/// <summary>Networks whose features LPIPS compares, trained on ImageNet; parameter names are torchvision's.</summary>
public enum PerceptualBackbone
{
    /// <summary>VGG16: what losses and the LPIPS of tokenizers are usually computed with.</summary>
    Vgg16,

    /// <summary>AlexNet: closest to human judgement, by the authors.</summary>
    AlexNet,

    /// <summary>SqueezeNet 1.1: the smallest.</summary>
    SqueezeNet,
}
