using Nvg.Torch;

namespace Nvg.Evaluation.Statistics;

/// <summary>Mean and covariance of feature vectors, in float64. Owns its tensors.</summary>
public sealed class GaussianStatistics : IDisposable
{
    /// <param name="mean_F">float64, F.</param>
    /// <param name="covariance_FF">float64, F × F, symmetric, divided by n − 1.</param>
    /// <param name="count">Number of vectors, or null if a file does not specify it.</param>
    /// <exception cref="NvgDataException">
    /// Sizes do not match, a value is not finite, or the covariance is not symmetric or has a negative variance.
    /// </exception>
    public GaussianStatistics(Tensor mean_F, Tensor covariance_FF, long? count)
    {
        if (mean_F.Rank != 1 || covariance_FF.Rank != 2 || covariance_FF.Size(
            0) != mean_F.Size(0) || covariance_FF.Size(1) != mean_F.Size(0))
        {
            throw new NvgDataException(
                $"a mean [{string.Join(", ", mean_F.Shape.ToArray())}] and a covariance "
                    + $"[{string.Join(", ", covariance_FF.Shape.ToArray())}] do not match");
        }

        if (!FiniteValues.AreAll(mean_F) || !FiniteValues.AreAll(covariance_FF))
            throw new NvgDataException("mean or covariance of the features is not finite; the features or their file are damaged");
        CovarianceChecks.RequireSymmetric(covariance_FF);
        (Mean_F, Covariance_FF, Count) = (mean_F.Own(), covariance_FF.Own(), count);
    }

    /// <summary>The mean, F, float64.</summary>
    public Tensor Mean_F { get; }

    /// <summary>The unbiased covariance, F × F, float64.</summary>
    public Tensor Covariance_FF { get; }

    /// <summary>Number of vectors; null if a file does not specify it.</summary>
    public long? Count { get; }

    /// <summary>Feature dimension (F).</summary>
    public int FeatureSize => (int)Mean_F.Size(0);

    /// <summary>Computes the statistics of vectors in memory.</summary>
    /// <param name="features_NF">At least two, N × F, any floating type; borrowed.</param>
    /// <exception cref="NvgDataException">There are fewer than two vectors, or one is not finite.</exception>
    public static GaussianStatistics Of(Tensor features_NF)
    {
        using var accumulator = new GaussianAccumulator((int)features_NF.Size(1));
        accumulator.Add(features_NF);
        return accumulator.ToStatistics();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Mean_F.Dispose();
        Covariance_FF.Dispose();
    }
}
