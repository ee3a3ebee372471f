using Nvg.Torch;

namespace Nvg.Tokenizers;

/// <summary>
/// Rejects NaN and infinite predictions of a model part. Tokens and splits drawn from them would be meaningless, and images decoded from
/// them would be black.
/// </summary>
internal static class PredictedValues
{
    /// <summary>Throws if a part predicted non-finite values.</summary>
    /// <param name="values">One row per image.</param>
    /// <param name="part">The part, as named in messages.</param>
    /// <param name="describe">Names an image by its row; null for its index in the batch.</param>
    /// <exception cref="NvgDataException">A value is NaN or infinite; the message names image and part.</exception>
    internal static void RequireFinite(Tensor values, string part, Func<long, string>? describe = null)
    {
        if (FiniteValues.FirstOtherRow(values) is not { } row)
            return;
        throw NotFinite(describe?.Invoke(row) ?? $"image {row} of the batch", part);
    }

    /// <summary>Creates the exception for non-finite values.</summary>
    /// <param name="image">The image, as named in messages.</param>
    /// <param name="part">The part.</param>
    internal static NvgDataException NotFinite(string image, string part) => NvgDataException.At(
        image, $"the values of the {part} are not finite (NaN or infinite)",
        "the weights are damaged, or too large for the precision that they are computed in");
}
