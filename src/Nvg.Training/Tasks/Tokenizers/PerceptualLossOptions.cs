using Nvg.Pretrained;

namespace Nvg.Training.Tasks.Tokenizers;

/// <summary>LPIPS as a loss (specification, section 3): weights are files of others.</summary>
public sealed record PerceptualLossOptions
{
    /// <summary>Which network; the paper's is VGG16, SqueezeNet is the lightest.</summary>
    public PerceptualBackbone Backbone { get; init; } = PerceptualBackbone.Vgg16;

    /// <summary>Path of its weights under torchvision's names, PyTorch or safetensors.</summary>
    public required string Weights { get; init; }

    /// <summary>Path of LPIPS' own weights of the channels.</summary>
    public required string LinearWeights { get; init; }

    /// <summary>Weight of the term.</summary>
    public double Weight { get; init; } = 1;
}
