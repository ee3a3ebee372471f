using Nvg.Imaging;
using Nvg.Tokenizers;
using Nvg.Torch;

namespace Nvg.Previews;

/// <summary>Encodes images with a tokenizer of any method and decodes them again.</summary>
public static class Reconstruction
{
    /// <summary>Encodes and decodes images, without metrics and stages.</summary>
    /// <param name="tokenizer">Borrowed.</param>
    /// <param name="images">Squares of the tokenizer's image size.</param>
    public static RgbImage[] Decode(IImageTokenizer tokenizer, IReadOnlyList<RgbImage> images)
    {
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        using IImageDescription description = tokenizer.Describe(ImageTensor.Load(images, tokenizer.Device));
        return ImageTensor.ToImages(description.Decode(tokenizer.StageCount - 1));
    }

    /// <summary>Draws the images in the upper row and their reconstructions in the lower row.</summary>
    /// <param name="tokenizer">Borrowed.</param>
    /// <param name="originals">At least one; squares of the tokenizer's image size.</param>
    internal static RgbImage Sheet(IImageTokenizer tokenizer, IReadOnlyList<RgbImage> originals)
    {
        RgbImage[] images = [.. originals, .. Decode(tokenizer, originals)];
        int enlargement = ImageGrid.ComfortableEnlargement(images[0], images.Length);
        return ImageGrid.Compose(images, columns: originals.Count, enlargement: enlargement);
    }

    /// <summary>Encodes and decodes images as one batch, with metrics.</summary>
    /// <param name="tokenizer">Borrowed.</param>
    /// <param name="images">Squares of the tokenizer's image size.</param>
    /// <param name="withStages">Whether stages are drawn.</param>
    public static ReconstructedImage[] Run(IImageTokenizer tokenizer, IReadOnlyList<RgbImage> images, bool withStages = false)
    {
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        using IImageDescription description = tokenizer.Describe(ImageTensor.Load(images, tokenizer.Device));
        int last = tokenizer.StageCount - 1;
        // Decodes stage by stage, so that the decoder never needs more memory than for the final images.
        RgbImage[][] stages = [.. Enumerable.Range(0, tokenizer.StageCount).Select(stage => withStages || stage == last
            ? ImageTensor.ToImages(description.Decode(stage))
            : [])];
        return [.. images.Select((original, i) => new ReconstructedImage(
            original, stages[last][i], ImageQuality.Psnr(stages[last][i], original), ImageQuality.Ssim(stages[last][i], original),
            withStages ? [.. stages.Select((drawn, stage) => Draw(description, stage, i, drawn[i], stages[last][i]))] : []))];
    }

    private static StageImage Draw(IImageDescription description, int stage, int index, RgbImage drawn, RgbImage final) =>
        new(drawn, description.DrawParts(stage, index, final));
}
