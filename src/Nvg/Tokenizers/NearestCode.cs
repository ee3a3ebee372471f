using Nvg.Torch;

namespace Nvg.Tokenizers;

/// <summary>Finds the codebook entry nearest to each point, by squared Euclidean distance.</summary>
/// <remarks>Shapes: M points, V codes, C channels.</remarks>
internal static class NearestCode
{
    private static readonly Operator NearestCodeOp = new("nvg::nearest_code");

    /// <summary>Squared distances |p|² + |c|² − 2 p·c between all points and codes; differentiable.</summary>
    /// <returns>M × V.</returns>
    internal static Tensor SquaredDistances(Tensor points_MC, Tensor codebook_VC)
    {
        using var scope = new TensorScope();
        return scope.Keep(points_MC.Square().Sum(1, keepDimension: true) + codebook_VC.Square().Sum(1)
            - points_MC.Matmul(codebook_VC.Transpose(0, 1)) * 2);
    }

    /// <summary>The index of the nearest code of every point. Ties go to the lower index; NaN counts as the smallest distance.</summary>
    /// <remarks>On the CPU, a kernel computes this without storing distances. Without the kernel, all distances are computed.</remarks>
    /// <returns>M indices, 64-bit, without gradient.</returns>
    internal static Tensor Find(Tensor points_MC, Tensor codebook_VC)
    {
        if (points_MC.Device.Type == DeviceType.Cpu && points_MC.ScalarType == ScalarType.Float32 && TorchRuntime.HasKernels)
            return NearestCodeOp.Call(points_MC, codebook_VC);
        using GradMode noGrad = Autograd.NoGrad();
        using Tensor distances_MV = SquaredDistances(points_MC, codebook_VC);
        return distances_MV.ArgMin(1);
    }
}
