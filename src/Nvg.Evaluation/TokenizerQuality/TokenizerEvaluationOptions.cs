using Nvg.Evaluation.Features;
using Nvg.Pretrained;

namespace Nvg.Evaluation.TokenizerQuality;

/// <summary>How a tokenizer is measured.</summary>
public sealed record TokenizerEvaluationOptions
{
    /// <summary>Images computed together.</summary>
    public int Batch { get; init; } = 16;

    /// <summary>Whether the canvas after every stage is decoded and measured; costs a decoding each.</summary>
    public bool Stages { get; init; } = true;

    /// <summary>How many of the best and of the worst images to keep.</summary>
    public int Ranked { get; init; } = 16;

    /// <summary>For the Fréchet distance between originals and reconstructions, or null; borrowed.</summary>
    public IFeatureNetwork? Network { get; init; }

    /// <summary>For LPIPS, or null; borrowed.</summary>
    public PerceptualDistance? Perceptual { get; init; }
}
