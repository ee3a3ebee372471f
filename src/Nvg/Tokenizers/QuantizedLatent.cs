using Nvg.Torch;

namespace Nvg.Tokenizers;

/// <summary>Result of a training pass of the quantizer. Owns its tensors.</summary>
/// <param name="Output">Straight-through latent, in the layout of the latent (in NVG B × L × C).</param>
/// <param name="Loss">Quantizer loss, the mean over stages.</param>
/// <param name="Content">Codebook indices of each stage, one per point (in NVG B × 2^i).</param>
/// <param name="Points">Points that were quantized in each stage (in NVG cluster means, B × 2^i × C), detached.</param>
/// <param name="StageLosses">The terms whose mean is the loss, detached, for logging.</param>
public sealed record QuantizedLatent(
    Tensor Output, Tensor Loss, IReadOnlyList<Tensor> Content, IReadOnlyList<Tensor> Points, IReadOnlyList<Tensor> StageLosses)
    : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Output.Dispose();
        Loss.Dispose();
        foreach (Tensor tensor in (ReadOnlySpan<Tensor>)[.. Content, .. Points, .. StageLosses])
            tensor.Dispose();
    }
}
