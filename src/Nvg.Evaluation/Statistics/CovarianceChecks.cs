using Nvg.Torch;

namespace Nvg.Evaluation.Statistics;

/// <summary>Checks that a matrix is a covariance: symmetric and positive semidefinite.</summary>
internal static class CovarianceChecks
{
    // Files may hold matrices computed in single precision; its rounding moves eigenvalues by at most this times √F.
    private const double SingleRounding = 1.1920929e-7;

    private static readonly Operator EigenvaluesOp = new("aten::linalg_eigvalsh");

    /// <summary>Throws if a matrix is not symmetric or has a negative diagonal element, beyond rounding errors.</summary>
    /// <exception cref="NvgDataException">The matrix is not a covariance.</exception>
    internal static void RequireSymmetric(Tensor covariance_FF)
    {
        using var scope = new TensorScope();
        double allowed = Rounding(covariance_FF.Size(0)) * covariance_FF.Abs().Max().Item();
        double asymmetry = (covariance_FF - covariance_FF.Transpose(0, 1)).Abs().Max().Item();
        if (asymmetry > allowed)
            throw new NvgDataException(
                $"the covariance of the features is not symmetric: two mirrored elements differ by {asymmetry:G3}; the file is damaged");
        double least = covariance_FF.Diagonal().Min().Item();
        if (least < -allowed)
            throw new NvgDataException($"the covariance of the features has a negative variance, {least:G3}; the file is damaged");
    }

    /// <summary>Throws if a symmetric matrix has a negative eigenvalue, beyond rounding errors.</summary>
    /// <exception cref="NvgDataException">The matrix is not a covariance.</exception>
    internal static void RequireSemidefinite(Tensor covariance_FF)
    {
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        // This takes a tenth of the time of the eigenvalues, and most matrices pass.
        if (covariance_FF.Cholesky().Failed.Item() != 0)
            RequireSemidefinite(EigenvaluesOp.Call(covariance_FF, "L").ToArray<double>());
    }

    /// <summary>Overload for precomputed eigenvalues.</summary>
    /// <param name="ascending">All eigenvalues, the smallest first.</param>
    /// <exception cref="NvgDataException">They are not the eigenvalues of a covariance.</exception>
    internal static void RequireSemidefinite(double[] ascending)
    {
        if (ascending[0] < -Rounding(ascending.Length) * Math.Max(-ascending[0], ascending[^1]))
        {
            throw new NvgDataException(
                $"the covariance of the features has a direction of negative variance, {ascending[0]:G3} (the largest is "
                    + $"{ascending[^1]:G3}); the file is damaged");
        }
    }

    private static double Rounding(long size) => SingleRounding * Math.Sqrt(size);
}
