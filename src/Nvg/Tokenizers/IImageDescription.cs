using Nvg.Imaging;
using Nvg.Torch;

namespace Nvg.Tokenizers;

/// <summary>Images as described by a tokenizer. Owns its tensors; borrows the tokenizer.</summary>
public interface IImageDescription : IDisposable
{
    /// <summary>Codebook indices of each stage, B × tokens of the stage.</summary>
    IReadOnlyList<Tensor> Tokens { get; }

    /// <summary>Decodes the images from all stages up to the given one.</summary>
    /// <param name="stage">Zero-based index of the stage.</param>
    /// <returns>B × 3 × H × W, clamped to [−1, 1]; the caller disposes them.</returns>
    Tensor Decode(int stage);

    /// <summary>Draws the part of an image that each token of a stage describes, in the image's mean colour within that part.</summary>
    /// <param name="stage">Zero-based index of the stage.</param>
    /// <param name="index">Index of the image in the batch.</param>
    /// <param name="image">The image whose colours are used.</param>
    RgbImage DrawParts(int stage, int index, RgbImage image);
}
