using Nvg.Torch;

namespace Nvg.Tokenizers;

/// <summary>A tokenizer of any method. It describes images by tokens in stages from coarse to fine and decodes every stage.</summary>
public interface IImageTokenizer
{
    /// <summary>Side of the square images, in pixels.</summary>
    int ImageSize { get; }

    /// <summary>Number of stages.</summary>
    int StageCount { get; }

    /// <summary>Codebook size (V).</summary>
    int CodebookSize { get; }

    /// <summary>Device on which images are computed.</summary>
    Device Device { get; }

    /// <summary>Number of tokens of an image in a stage and all stages before it.</summary>
    int TokenCount(int stage);

    /// <summary>Describes images.</summary>
    /// <param name="images">B × 3 × H × W in [−1, 1]; borrowed.</param>
    /// <returns>The description; the caller disposes it.</returns>
    IImageDescription Describe(Tensor images);
}
