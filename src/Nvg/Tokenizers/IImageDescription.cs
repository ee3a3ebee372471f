using Nvg.Imaging;
using Nvg.Torch;

namespace Nvg.Tokenizers;

/// <summary>Images as a tokenizer describes them. Owns its tensors; borrows the tokenizer.</summary>
public interface IImageDescription : IDisposable
{
    /// <summary>Codebook indices of each stage, B × tokens of the stage.</summary>
    IReadOnlyList<Tensor> Tokens { get; }

    /// <summary>The images that the stages up to one give.</summary>
    /// <param name="stage">From 0.</param>
    /// <returns>B × 3 × H × W, clamped to [−1, 1]; the caller disposes them.</returns>
    Tensor Decode(int stage);

    /// <summary>Draws which part of an image each token of a stage describes, in the mean colour of the image there.</summary>
    /// <param name="stage">From 0.</param>
    /// <param name="index">Index of the image in the batch.</param>
    /// <param name="image">The image whose colours are used.</param>
    RgbImage DrawParts(int stage, int index, RgbImage image);
}
