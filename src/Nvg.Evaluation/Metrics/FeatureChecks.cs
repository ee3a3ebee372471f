using Nvg.Torch;

namespace Nvg.Evaluation.Metrics;

/// <summary>What every figure asks of features before it believes them.</summary>
internal static class FeatureChecks
{
    internal static bool IsFinite(Tensor values)
    {
        using var scope = new TensorScope();
        return values.IsFinite().All().Item() != 0;
    }

    /// <summary>Throws one line that names the first vector with a number that is NaN or infinite.</summary>
    /// <param name="features_NF">N × F.</param>
    /// <param name="first">Number of the first of them among all images.</param>
    /// <exception cref="NvgDataException">One is not finite.</exception>
    internal static void RequireFinite(Tensor features_NF, long first = 0)
    {
        if (FirstNotFinite(features_NF) is { } row)
            throw new NvgDataException($"features of image {first + row} are not finite (NaN or infinite); the weights of the feature network are broken or not its own");
    }

    /// <summary>The first row with a number that is NaN or infinite, or null.</summary>
    /// <param name="features_NF">N × F.</param>
    internal static long? FirstNotFinite(Tensor features_NF)
    {
        if (IsFinite(features_NF))
            return null;
        using var scope = new TensorScope();
        Tensor bad_N = features_NF.IsFinite().To(ScalarType.Int64).Sum(1).IsLess((double)features_NF.Size(1));
        return (long)bad_N.To(ScalarType.Int64).ArgMax(0).Item();
    }
}
