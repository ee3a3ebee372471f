using Nvg.Pretrained;

namespace Nvg.Training.Tasks.Tokenizers;

/// <summary>LPIPS as a loss term (docs/method.md, section 3.6). The pretrained weights are files of third parties.</summary>
public sealed record PerceptualLossOptions
{
    /// <summary>Backbone network: VGG16 in the paper; SqueezeNet is the smallest.</summary>
    public PerceptualBackbone Backbone { get; init; } = PerceptualBackbone.Vgg16;

    /// <summary>Path of the backbone weights with torchvision's names, PyTorch or safetensors.</summary>
    public required string Weights { get; init; }

    /// <summary>Path of the linear weights of LPIPS.</summary>
    public required string LinearWeights { get; init; }

    /// <summary>Weight of the term.</summary>
    public double Weight { get; init; } = 1;
}
