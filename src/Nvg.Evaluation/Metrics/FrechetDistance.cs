using Nvg.Torch;

namespace Nvg.Evaluation.Metrics;

/// <summary>
/// The squared Fréchet distance of two Gaussians, ‖μ₁ − μ₂‖² + tr Σ₁ + tr Σ₂ − 2 tr (Σ₁Σ₂)^½, in float64 (Heusel et al.
/// 2017). Of Inception-2015 features this is the FID.
/// </summary>
/// <param name="MeanTerm">‖μ₁ − μ₂‖².</param>
/// <param name="CovarianceTerm">tr Σ₁ + tr Σ₂ − 2 tr (Σ₁Σ₂)^½; not below zero but by rounding.</param>
public readonly record struct FrechetDistance(double MeanTerm, double CovarianceTerm)
{
    private const double MachineEpsilon = 2.220446049250313e-16;

    private static readonly Operator SingularValuesOp = new("aten::linalg_svdvals");

    /// <summary>The distance.</summary>
    public double Value => MeanTerm + CovarianceTerm;

    /// <summary>The distance between two sets of vectors.</summary>
    /// <param name="first">Borrowed.</param>
    /// <param name="second">Borrowed.</param>
    /// <param name="cancellation">Checked between the factorisations, each of which takes seconds for thousands of numbers.</param>
    /// <exception cref="NvgDataException">The vectors are of different lengths, or a covariance has a direction of negative variance.</exception>
    /// <remarks>
    /// With Σ = L Lᵀ the eigenvalues of Σ₁Σ₂ are the squared singular values of L₁ᵀL₂, so tr (Σ₁Σ₂)^½ is the sum of the
    /// singular values themselves. They are exact to the rounding of the largest; roots of eigenvalues would lose half
    /// the digits, which at 2,048 dimensions shows in the distance.
    /// </remarks>
    public static FrechetDistance Between(GaussianStatistics first, GaussianStatistics second, CancellationToken cancellation = default)
    {
        if (first.FeatureSize != second.FeatureSize)
            throw new NvgDataException($"features of {first.FeatureSize} and of {second.FeatureSize} numbers cannot be compared; use the same feature network for both");
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

    /// <summary>L with Σ = L Lᵀ, F × R: Cholesky's where Σ is positive definite beyond rounding, else from eigenvectors.</summary>
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
        // Rising. What is rounding is zero: its root would be 10⁻⁸ of the largest, for each of perhaps a thousand.
        int zero = values.Count(v => !(v > rounding * values[^1]));
        long rank = values.Length - zero;
        return vectors_FF.Narrow(1, zero, rank) * values_F.Narrow(0, zero, rank).Sqrt();
    }
}
