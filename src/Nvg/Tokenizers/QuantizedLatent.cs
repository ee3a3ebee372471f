using Nvg.Torch;

namespace Nvg.Tokenizers;

/// <summary>What a training pass of the quantizer gives. Owns its tensors.</summary>
/// <param name="Output_BLC">Straight-through latent, B × L × C.</param>
/// <param name="Loss">Quantizer loss, the mean over stages.</param>
/// <param name="Content">Codebook numbers of each stage, B × 2^i.</param>
/// <param name="Points">What each stage asked codes for, B × 2^i × C.</param>
/// <param name="StageLosses">The terms whose mean is the loss, to be looked at; autograd does not follow them.</param>
public sealed record QuantizedLatent(
    Tensor Output_BLC, Tensor Loss, IReadOnlyList<Tensor> Content, IReadOnlyList<Tensor> Points, IReadOnlyList<Tensor> StageLosses) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Output_BLC.Dispose();
        Loss.Dispose();
        foreach (Tensor tensor in (ReadOnlySpan<Tensor>)[.. Content, .. Points, .. StageLosses])
            tensor.Dispose();
    }
}
