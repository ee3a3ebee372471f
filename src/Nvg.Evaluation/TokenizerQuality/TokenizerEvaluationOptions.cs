using Nvg.Evaluation.Features;
using Nvg.Pretrained;

namespace Nvg.Evaluation.TokenizerQuality;

/// <summary>Settings of a tokenizer evaluation.</summary>
public sealed record TokenizerEvaluationOptions
{
    /// <summary>Images per batch.</summary>
    public int Batch { get; init; } = 16;

    /// <summary>Whether the canvas after every stage is decoded and measured, at the cost of one decoder pass per stage.</summary>
    public bool Stages { get; init; } = true;

    /// <summary>Number of best reconstructions to keep, and of worst ones.</summary>
    public int Ranked { get; init; } = 16;

    /// <summary>Feature network for the Fréchet distance between originals and reconstructions, or null; borrowed.</summary>
    public IFeatureNetwork? Network { get; init; }

    /// <summary>LPIPS network, or null; borrowed.</summary>
    public PerceptualDistance? Perceptual { get; init; }
}
