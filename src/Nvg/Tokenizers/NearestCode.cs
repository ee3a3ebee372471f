using Nvg.Torch;

namespace Nvg.Tokenizers;

/// <summary>Which code of a codebook is nearest to a point, by squared distance.</summary>
/// <remarks>Shapes: M points, V codes, C channels.</remarks>
internal static class NearestCode
{
    private static readonly Operator NearestCodeOp = new("nvg::nearest_code");

    /// <summary>|p|² + |c|² − 2 p·c of all points and codes, differentiable.</summary>
    /// <returns>M × V.</returns>
    internal static Tensor SquaredDistances(Tensor points_MC, Tensor codebook_VC)
    {
        using var scope = new TensorScope();
        return scope.Keep(points_MC.Square().Sum(1, keepDimension: true) + codebook_VC.Square().Sum(1)
            - points_MC.Matmul(codebook_VC.Transpose(0, 1)) * 2);
    }

    /// <summary>The first of the nearest codes of every point; a NaN counts as the smallest distance.</summary>
    /// <remarks>On the CPU in one pass that keeps no distances, elsewhere from all of them.</remarks>
    /// <returns>M code numbers, 64-bit; without gradient.</returns>
    internal static Tensor Find(Tensor points_MC, Tensor codebook_VC)
    {
        if (points_MC.Device.Type == DeviceType.Cpu && points_MC.ScalarType == ScalarType.Float32)
            return NearestCodeOp.Call(points_MC, codebook_VC);
        using GradMode noGrad = Autograd.NoGrad();
        using Tensor distances_MV = SquaredDistances(points_MC, codebook_VC);
        return distances_MV.ArgMin(1);
    }
}
