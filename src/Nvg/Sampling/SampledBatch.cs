using Nvg.Granularity;
using Nvg.Torch;

namespace Nvg.Sampling;

/// <summary>The sequences of images that were sampled together, and their final canvas. Owns both.</summary>
/// <param name="sequence">The sequences; this object takes ownership.</param>
/// <param name="canvas_BLC">The final canvas, B × L × C; this object takes ownership.</param>
public sealed class SampledBatch(GranularitySequence sequence, Tensor canvas_BLC) : IDisposable
{
    /// <summary>The sequences.</summary>
    public GranularitySequence Sequence { get; } = sequence;

    /// <summary>The final canvas, B × L × C.</summary>
    public Tensor Canvas_BLC { get; } = canvas_BLC.Own();

    /// <inheritdoc/>
    public void Dispose()
    {
        Sequence.Dispose();
        Canvas_BLC.Dispose();
    }
}
