using Nvg.Torch;

namespace Nvg.Evaluation.Statistics;

/// <summary>
/// The squared Fréchet distance between two Gaussians, ‖μ₁ − μ₂‖² + tr Σ₁ + tr Σ₂ − 2 tr (Σ₁Σ₂)^½, in float64 (Heusel et al.
/// 2017). With Inception-2015 features this is the FID.
/// </summary>
/// <param name="MeanTerm">‖μ₁ − μ₂‖².</param>
/// <param name="CovarianceTerm">tr Σ₁ + tr Σ₂ − 2 tr (Σ₁Σ₂)^½; negative only by rounding.</param>
public readonly record struct FrechetDistance(double MeanTerm, double CovarianceTerm)
{
    private const double MachineEpsilon = 2.220446049250313e-16;

    private static readonly Operator SingularValuesOp = new("aten::linalg_svdvals");

    /// <summary>The squared distance, which is reported as FID.</summary>
    public double Value => MeanTerm + CovarianceTerm;

    /// <summary>The squared distance between two sets of vectors.</summary>
    /// <param name="first">Borrowed.</param>
    /// <param name="second">Borrowed.</param>
    /// <param name="cancellation">Checked between the factorisations, each of which takes seconds for thousands of features.</param>
    /// <exception cref="NvgDataException">The vectors differ in length, or a covariance has a negative eigenvalue.</exception>
    /// <remarks>
    /// With Σ = L Lᵀ the eigenvalues of Σ₁Σ₂ are the squared singular values of L₁ᵀL₂, so tr (Σ₁Σ₂)^½ is the sum of the
    /// singular values themselves. They are exact up to the rounding error of the largest one. Square roots of eigenvalues would
    /// lose half the digits, which is visible in the distance at 2,048 dimensions.
    /// </remarks>
    public static FrechetDistance Between(GaussianStatistics first, GaussianStatistics second, CancellationToken cancellation = default)
    {
        if (first.FeatureSize != second.FeatureSize)
            throw FeatureChecks.DifferentSizes(first.FeatureSize, second.FeatureSize);
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        double mean = (first.Mean_F - second.Mean_F).Square().Sum().Item();
        cancellation.ThrowIfCancellationRequested();
        Tensor first_FR = Factor(first.Covariance_FF);
        cancellation.ThrowIfCancellationRequested();
        Tensor second_FS = Factor(second.Covariance_FF);
        Tensor product_RS = first_FR.Transpose(0, 1).Matmul(second_FS);
        cancellation.ThrowIfCancellationRequested();
        double root = product_RS.ElementCount == 0 ? 0 : SingularValuesOp.Call(product_RS, Argument.None).Sum().Item();
        return new FrechetDistance(mean, Trace(first.Covariance_FF) + Trace(second.Covariance_FF) - 2 * root);
    }

    private static double Trace(Tensor matrix) => matrix.Diagonal().Sum().Item();

    /// <summary>L with Σ = L Lᵀ, F × R: by Cholesky if Σ is positive definite beyond rounding, otherwise from eigenvectors.</summary>
    private static Tensor Factor(Tensor covariance_FF)
    {
        double rounding = covariance_FF.Size(0) * MachineEpsilon;
        (Tensor factor_FF, Tensor failed) = covariance_FF.Cholesky();
        Tensor pivots_F = factor_FF.Diagonal().Square();
        if (failed.Item() == 0 && pivots_F.Min().Item() > rounding * pivots_F.Max().Item())
            return factor_FF;
        (Tensor values_F, Tensor vectors_FF) = covariance_FF.SymmetricEigen();
        double[] values = values_F.ToArray<double>();
        CovarianceChecks.RequireSemidefinite(values);
        // Ascending. Values within rounding count as zero: each of perhaps a thousand would otherwise add a root of 10⁻⁸ of the largest.
        int zero = values.Count(v => !(v > rounding * values[^1]));
        long rank = values.Length - zero;
        return vectors_FF.Narrow(1, zero, rank) * values_F.Narrow(0, zero, rank).Sqrt();
    }
}
