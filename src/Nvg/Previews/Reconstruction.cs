using Nvg.Granularity;
using Nvg.Imaging;
using Nvg.Tokenizers;
using Nvg.Torch;

namespace Nvg.Previews;

/// <summary>Encodes images to sequences and decodes them again.</summary>
public static class Reconstruction
{
    /// <summary>Encodes and decodes images, without metrics and stages.</summary>
    /// <param name="tokenizer">Borrowed.</param>
    /// <param name="images">Squares of the tokenizer's image size.</param>
    public static RgbImage[] Decode(Tokenizer tokenizer, IReadOnlyList<RgbImage> images)
    {
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        using GranularitySequence sequence = tokenizer.Encode(ImageTensor.Load(images, tokenizer.Quantizer.Codebook.Device));
        return ImageTensor.ToImages(tokenizer.Decode(tokenizer.Quantizer.Canvases(sequence).Select(1, sequence.Grid.StageCount)));
    }

    /// <summary>Encodes and decodes images as one batch, with metrics.</summary>
    /// <param name="tokenizer">Borrowed.</param>
    /// <param name="images">Squares of the tokenizer's image size.</param>
    /// <param name="withStages">Whether stages are drawn.</param>
    public static ReconstructedImage[] Run(Tokenizer tokenizer, IReadOnlyList<RgbImage> images, bool withStages = false)
    {
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        using GranularitySequence sequence = tokenizer.Encode(ImageTensor.Load(images, tokenizer.Quantizer.Codebook.Device));
        Tensor canvas_BLC = tokenizer.Quantizer.Canvases(sequence).Select(1, sequence.Grid.StageCount);
        RgbImage[] decoded = ImageTensor.ToImages(tokenizer.Decode(canvas_BLC));
        IReadOnlyList<StageImage>[]? stages = withStages ? StageImages.Draw(tokenizer, sequence) : null;
        return [.. decoded.Select((image, i) => new ReconstructedImage(
            images[i], image, ImageQuality.Psnr(image, images[i]), ImageQuality.Ssim(image, images[i]), stages?[i] ?? []))];
    }
}
