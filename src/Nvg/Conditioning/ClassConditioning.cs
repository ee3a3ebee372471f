using Nvg.Generators;
using Nvg.Torch;

namespace Nvg.Conditioning;

/// <summary>Class conditioning of a batch, optionally interpolated. Borrows its tensors.</summary>
/// <param name="Class_B">Class of each image.</param>
/// <param name="Blend">The classes that images are interpolated to, or null.</param>
internal sealed record ClassConditioning(Tensor Class_B, ClassBlend? Blend)
{
    /// <summary>The classes of some of the images; the tensors belong to the innermost scope.</summary>
    internal ClassConditioning Select(BatchSubset images) => new(
        images.Select(Class_B),
        Blend is null ? null : new ClassBlend(images.Select(Blend.Other_N), images.Select(Blend.Share_N)));

    /// <summary>The classes followed by an equal number of null classes, for a batch of conditional and unconditional passes.</summary>
    internal ClassConditioning WithNullClass(int nullClass)
    {
        using var scope = new TensorScope();
        Tensor null_B = Tensor.Full(Class_B.Shape.ToArray(), nullClass, ScalarType.Int64, Class_B.Device);
        Tensor class_N = scope.Keep(Tensor.Cat([Class_B, null_B], 0));
        if (Blend is null)
            return new ClassConditioning(class_N, null);
        Tensor other_N = scope.Keep(Tensor.Cat([Blend.Other_N, null_B], 0));
        Tensor share_N = scope.Keep(Tensor.Cat([Blend.Share_N, Tensor.ZerosLike(Blend.Share_N)], 0));
        return new ClassConditioning(class_N, new ClassBlend(other_N, share_N));
    }
}
