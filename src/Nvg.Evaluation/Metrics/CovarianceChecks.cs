using Nvg.Torch;

namespace Nvg.Evaluation.Metrics;

/// <summary>What makes a matrix a covariance: symmetric, and without a direction of negative variance.</summary>
internal static class CovarianceChecks
{
    // Files may hold what was computed in single precision: its rounding moves eigenvalues by at most so much times √F.
    private const double SingleRounding = 1.1920929e-7;

    private static readonly Operator EigenvaluesOp = new("aten::linalg_eigvalsh");

    /// <summary>Throws where a matrix is not symmetric, or has a negative number on its diagonal, beyond rounding.</summary>
    /// <exception cref="NvgDataException">It is no covariance.</exception>
    internal static void RequireSymmetric(Tensor covariance_FF)
    {
        using var scope = new TensorScope();
        double allowed = Rounding(covariance_FF.Size(0)) * covariance_FF.Abs().Max().Item();
        double asymmetry = (covariance_FF - covariance_FF.Transpose(0, 1)).Abs().Max().Item();
        if (asymmetry > allowed)
            throw new NvgDataException($"the covariance of the features is not symmetric: two numbers that belong together differ by {asymmetry:G3}; their file is broken");
        double least = covariance_FF.Diagonal().Min().Item();
        if (least < -allowed)
            throw new NvgDataException($"the covariance of the features has a negative variance, {least:G3}; their file is broken");
    }

    /// <summary>Throws where a symmetric matrix has a negative eigenvalue beyond rounding.</summary>
    /// <exception cref="NvgDataException">It is no covariance.</exception>
    internal static void RequireSemidefinite(Tensor covariance_FF)
    {
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        // A tenth of the time of the eigenvalues, and most matrices pass.
        if (covariance_FF.Cholesky().Failed.Item() != 0)
            RequireSemidefinite(EigenvaluesOp.Call(covariance_FF, "L").ToArray<double>());
    }

    /// <summary>The same of eigenvalues that are known.</summary>
    /// <param name="rising">All eigenvalues, the smallest first.</param>
    /// <exception cref="NvgDataException">They are of no covariance.</exception>
    internal static void RequireSemidefinite(double[] rising)
    {
        if (rising[0] < -Rounding(rising.Length) * Math.Max(-rising[0], rising[^1]))
            throw new NvgDataException($"the covariance of the features has a direction of negative variance, {rising[0]:G3} where the largest is {rising[^1]:G3}; their file is broken");
    }

    private static double Rounding(long size) => SingleRounding * Math.Sqrt(size);
}
