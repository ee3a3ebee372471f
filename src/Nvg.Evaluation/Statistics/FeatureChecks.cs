using Nvg.Torch;

namespace Nvg.Evaluation.Statistics;

/// <summary>Sanity checks shared by all metrics.</summary>
internal static class FeatureChecks
{
    /// <summary>The error for features of different networks.</summary>
    internal static NvgDataException DifferentSizes(long first, long second) =>
        new($"features of length {first} and {second} cannot be compared; use the same feature network for both");

    /// <summary>Whether all values are finite.</summary>
    internal static bool IsFinite(Tensor values)
    {
        using var scope = new TensorScope();
        return values.IsFinite().All().Item() != 0;
    }

    /// <summary>Throws if a vector has a NaN or infinite value, naming the first such image.</summary>
    /// <param name="features_NF">N × F.</param>
    /// <param name="first">Index of the first vector among all images.</param>
    /// <exception cref="NvgDataException">A value is not finite.</exception>
    internal static void RequireFinite(Tensor features_NF, long first = 0)
    {
        if (FirstNotFinite(features_NF) is { } row)
        {
            throw new NvgDataException(
                $"features of image {first + row} are not finite (NaN or infinite); the weights of the feature network are damaged or "
                    + "belong to another network");
        }
    }

    /// <summary>Index of the first row with a NaN or infinite value, or null.</summary>
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
