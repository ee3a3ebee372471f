using Nvg.Torch;

namespace Nvg.Evaluation.Features;

/// <summary>What a feature network says of a batch of images. Owns its tensors, all float32 on the network's device.</summary>
/// <param name="Pooled_NF">One vector an image, N × F.</param>
/// <param name="Spatial_NS">Features that keep the place they are at, flattened, N × S; null where the network has none.</param>
/// <param name="Logits_NC">Logits of the classes, before softmax, N × C; null where the network has none.</param>
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
