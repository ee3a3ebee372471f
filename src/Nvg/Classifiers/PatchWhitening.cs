using Nvg.Torch;

namespace Nvg.Classifiers;

/// <summary>
/// Filters that whiten the 3 × 3 patches of images: the leading eigenvectors of their covariance, each divided by the square root
/// of its eigenvalue. They form a first layer that needs no training.
/// </summary>
internal static class PatchWhitening
{
    internal const int Side = 3;

    private const int PatchSize = 3 * Side * Side;

    /// <summary>Maximum number of filters: every direction and its negative.</summary>
    internal const int MostFilters = 2 * PatchSize;

    // Regularises directions without variance; pixels are in [−1, 1].
    private const double Epsilon = 2e-4;

    private static readonly Operator UnfoldOp = new("aten::im2col");

    /// <summary>Computes the filters from the statistics of images.</summary>
    /// <param name="images">N × 3 × H × W in [−1, 1].</param>
    /// <param name="count">Number of filters: count / 2 directions, strongest first, then their negatives.</param>
    /// <returns>count × 3 × 3 × 3.</returns>
    internal static Tensor Filters(Tensor images, int count)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        long[] kernel = [Side, Side], one = [1, 1], none = [0, 0];
        Tensor patches_NPQ = UnfoldOp.Call(images, kernel, one, none, one);
        Tensor patches = patches_NPQ.Transpose(1, 2).Reshape(-1, PatchSize).To(ScalarType.Float64);
        Tensor centred = patches - patches.Mean(0, keepDimension: true);
        Tensor covariance = centred.Transpose(0, 1).Matmul(centred) / (centred.Size(0) - 1);
        (Tensor values, Tensor vectors) = covariance.SymmetricEigen();
        Tensor scaled = vectors * (values + Epsilon).Rsqrt();
        Tensor directions = scaled.Transpose(0, 1).Flip(0).Narrow(0, 0, count / 2).To(ScalarType.Float32);
        return scope.Keep(Tensor.Cat([directions, -directions], 0).Reshape(count, 3, Side, Side).Contiguous());
    }
}
