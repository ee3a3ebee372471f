using Nvg.Generators;
using Nvg.Torch;

namespace Nvg.Conditioning;

/// <summary>The classes of a batch, some of them on the way to others. Borrows its tensors.</summary>
/// <param name="Class_B">Class of each image.</param>
/// <param name="Blend">Where they go, or null.</param>
internal sealed record SampledClasses(Tensor Class_B, ClassBlend? Blend)
{
    /// <summary>The classes of some of the images; the tensors belong to the innermost scope.</summary>
    internal SampledClasses Rows(BatchRows rows) =>
        new(rows.Of(Class_B), Blend is null ? null : new ClassBlend(rows.Of(Blend.Other_N), rows.Of(Blend.Share_N)));

    /// <summary>The classes of the conditional passes and, where there is guidance, of the unconditional ones after them.</summary>
    internal (Tensor Class_N, ClassBlend? Blend) ForPasses(bool guided, int nullClass)
    {
        if (!guided)
            return (Class_B.Alias(), Blend);
        using var scope = new TensorScope();
        Tensor null_B = Tensor.Full(Class_B.Shape.ToArray(), nullClass, ScalarType.Int64, Class_B.Device);
        Tensor class_N = scope.Keep(Tensor.Cat([Class_B, null_B], 0));
        return Blend is null
            ? (class_N, null)
            : (class_N, new ClassBlend(scope.Keep(Tensor.Cat([Blend.Other_N, null_B], 0)), scope.Keep(Tensor.Cat([Blend.Share_N, Tensor.ZerosLike(Blend.Share_N)], 0))));
    }
}
