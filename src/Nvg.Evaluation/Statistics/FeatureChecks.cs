using Nvg.Torch;

namespace Nvg.Evaluation.Statistics;

/// <summary>Sanity checks shared by all metrics.</summary>
internal static class FeatureChecks
{
    /// <summary>The error for features of different networks.</summary>
    internal static NvgDataException DifferentSizes(long first, long second) =>
        new($"features of length {first} and {second} cannot be compared; use the same feature network for both");

    /// <summary>Throws if a vector has a NaN or infinite value. The message names the first such image.</summary>
    /// <param name="features_NF">N × F.</param>
    /// <param name="first">Index of the first vector among all images.</param>
    /// <exception cref="NvgDataException">A value is not finite.</exception>
    internal static void RequireFinite(Tensor features_NF, long first = 0)
    {
        if (FiniteValues.FirstOtherRow(features_NF) is { } row)
        {
            throw new NvgDataException(
                $"features of image {first + row} are not finite (NaN or infinite); the weights of the feature network are damaged or "
                    + "belong to another network");
        }
    }
}
