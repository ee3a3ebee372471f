using Nvg.Torch;

namespace Nvg.Evaluation.Features;

/// <summary>Features of a batch of images. Owns its tensors, all float32 on the network's device.</summary>
/// <param name="Pooled_NF">One vector per image, N × F.</param>
/// <param name="Spatial_NS">Flattened feature map, N × S; null if the network has none.</param>
/// <param name="Logits_NC">Class logits before softmax, N × C; null if the network has none.</param>
public sealed record ImageFeatures(Tensor Pooled_NF, Tensor? Spatial_NS = null, Tensor? Logits_NC = null) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Pooled_NF.Dispose();
        Spatial_NS?.Dispose();
        Logits_NC?.Dispose();
    }
}
