using Nvg.Torch;

namespace Nvg.Classifiers;

/// <summary>
/// Filters that make the 3 × 3 patches of images white: the leading eigenvectors of their covariance, each divided by
/// the square root of its eigenvalue. A first layer that need not be learned.
/// </summary>
internal static class PatchWhitening
{
    internal const int Side = 3;

    private const int PatchSize = 3 * Side * Side;

    /// <summary>Every direction and its negative.</summary>
    internal const int MostFilters = 2 * PatchSize;

    // Against directions without variance; pixels lie in [−1, 1].
    private const double Epsilon = 2e-4;

    private static readonly Operator UnfoldOp = new("aten::im2col");

    /// <summary>The filters for images like the given.</summary>
    /// <param name="images">N × 3 × H × W in [−1, 1].</param>
    /// <param name="count">Filters: half of them directions, strongest first, then their negatives.</param>
    /// <returns>count × 3 × 3 × 3.</returns>
    internal static Tensor Filters(Tensor images, int count)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        Tensor patches_NPQ = UnfoldOp.Call(images, new long[] { Side, Side }, new long[] { 1, 1 }, new long[] { 0, 0 }, new long[] { 1, 1 });
        Tensor patches = patches_NPQ.Transpose(1, 2).Reshape(-1, PatchSize).To(ScalarType.Float64);
        Tensor centred = patches - patches.Mean(0, keepDimension: true);
        Tensor covariance = centred.Transpose(0, 1).Matmul(centred) / (centred.Size(0) - 1);
        (Tensor values, Tensor vectors) = covariance.SymmetricEigen();
        Tensor scaled = vectors * (values + Epsilon).Rsqrt();
        Tensor directions = scaled.Transpose(0, 1).Flip(0).Narrow(0, 0, count / 2).To(ScalarType.Float32);
        return scope.Keep(Tensor.Cat([directions, -directions], 0).Reshape(count, 3, Side, Side).Contiguous());
    }
}
