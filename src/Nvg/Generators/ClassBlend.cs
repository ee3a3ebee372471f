using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Generators;

/// <summary>Linear interpolation between the embeddings of two classes, per sequence.</summary>
/// <param name="Other_N">The second class of each sequence; borrowed.</param>
/// <param name="Share_N">Weight of the second class, float32; 0 gives exactly the first embedding.</param>
public sealed record ClassBlend(Tensor Other_N, Tensor Share_N)
{
    /// <summary>Looks up class embeddings, N × width, interpolated if there is a blend.</summary>
    internal static Tensor Embed(Embedding table, Tensor class_N, ClassBlend? blend)
    {
        if (blend is null)
            return table.Forward(class_N);
        using var scope = new TensorScope();
        Tensor from_NW = table.Forward(class_N), to_NW = table.Forward(blend.Other_N);
        return scope.Keep(from_NW + (to_NW - from_NW) * blend.Share_N.Unsqueeze(1));
    }
}
