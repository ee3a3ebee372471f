using Nvg.Torch;

namespace Nvg.Tokenizers;

/// <summary>
/// Refuses what a part of a model predicts when it is NaN or infinite: tokens and splits drawn from it would mean nothing, and
/// images made of it would be black.
/// </summary>
internal static class PredictedValues
{
    /// <summary>Throws if a part predicted values that are not finite.</summary>
    /// <param name="values">One row per image.</param>
    /// <param name="part">The part, as messages name it.</param>
    /// <param name="describe">Names an image by its row; null for its place in the batch.</param>
    /// <exception cref="NvgDataException">A value is NaN or infinite; the message names image and part.</exception>
    internal static void RequireFinite(Tensor values, string part, Func<long, string>? describe = null)
    {
        if (FiniteValues.FirstOtherRow(values) is not { } row)
            return;
        throw NotFinite(describe?.Invoke(row) ?? $"image {row} of the batch", part);
    }

    /// <summary>What is thrown for values that are not finite.</summary>
    /// <param name="image">The image, as messages name it.</param>
    /// <param name="part">The part.</param>
    internal static NvgDataException NotFinite(string image, string part) => NvgDataException.At(
        image, $"the values of the {part} are not finite (NaN or infinite)",
        "the weights are damaged, or too large for the precision that they are computed in");
}
