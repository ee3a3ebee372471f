using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Generators;

/// <summary>Classes on the straight way between two: each sequence's class embedding goes a share of the way to another's.</summary>
/// <param name="Other_N">The class that each sequence goes towards; borrowed.</param>
/// <param name="Share_N">Share of the way, float32; with 0 nothing changes, not even in rounding.</param>
public sealed record ClassBlend(Tensor Other_N, Tensor Share_N)
{
    /// <summary>The embeddings of classes, N × width.</summary>
    internal static Tensor Embed(Embedding table, Tensor class_N, ClassBlend? blend)
    {
        if (blend is null)
            return table.Forward(class_N);
        using var scope = new TensorScope();
        Tensor from_NW = table.Forward(class_N), to_NW = table.Forward(blend.Other_N);
        return scope.Keep(from_NW + (to_NW - from_NW) * blend.Share_N.Unsqueeze(1));
    }
}
