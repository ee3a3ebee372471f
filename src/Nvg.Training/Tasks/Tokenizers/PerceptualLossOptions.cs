using System.Text.Json.Serialization;
using Nvg.Pretrained;
using Nvg.Torch;

namespace Nvg.Training.Tasks.Tokenizers;

/// <summary>
/// A perceptual distance as a loss term: LPIPS (docs/method.md, section 3.6), or the feature distance of a ResNet-18. The pretrained
/// weights are files of third parties.
/// </summary>
public sealed record PerceptualLossOptions
{
    /// <summary>Backbone network: VGG16 in the paper; SqueezeNet is the smallest.</summary>
    public PerceptualBackbone Backbone { get; init; } = PerceptualBackbone.Vgg16;

    /// <summary>
    /// Path of the backbone weights with torchvision's names, PyTorch or safetensors. For ResNet-18 the folder of its files, or null
    /// to find them in NuGet's package folder.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Weights { get; init; }

    /// <summary>Path of the linear weights of LPIPS; null for ResNet-18, which has none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? LinearWeights { get; init; }

    /// <summary>Weight of the term.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>All problems with the settings; empty if there are none.</summary>
    public IEnumerable<string> Validate()
    {
        if (Weight is not (>= 0 and < double.PositiveInfinity))
            yield return "perceptual.weight must be finite and not negative";
        if (Backbone != PerceptualBackbone.ResNet18 && (Weights is null || LinearWeights is null))
            yield return $"perceptual.backbone {Backbone} needs the files perceptual.weights and perceptual.linearWeights";
        if (Backbone == PerceptualBackbone.ResNet18 && LinearWeights is not null)
            yield return "perceptual.backbone resNet18 takes no perceptual.linearWeights";
    }

    /// <summary>Loads the network; the caller disposes it.</summary>
    /// <exception cref="NvgDataException">A file is missing or damaged, or holds another network.</exception>
    internal IPerceptualDistance Load(Device device) => Backbone == PerceptualBackbone.ResNet18
        ? ResNet18Distance.Load(Weights, device)
        : PerceptualDistance.Load(Backbone, Weights!, LinearWeights!, device);
}
