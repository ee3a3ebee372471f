using Nvg.Control;
using Nvg.Data;
using Nvg.Granularity;
using Nvg.Rendering;
using Nvg.Tokenizers;
using Nvg.Torch;

namespace Nvg.Evaluation;

/// <summary>The tokenizer's round trip: picture to sequence and back.</summary>
public static class Reconstruction
{
    /// <summary>Pictures after the round trip, without figures or stages.</summary>
    /// <param name="tokenizer">Borrowed.</param>
    /// <param name="pictures">Squares of the tokenizer's image size.</param>
    public static RgbImage[] Decoded(Tokenizer tokenizer, IReadOnlyList<RgbImage> pictures)
    {
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        using GranularitySequence sequence = tokenizer.Encode(PictureBatch.Load(pictures, tokenizer.Quantizer.Codebook.Device));
        return PictureBatch.ToPictures(tokenizer.Decode(tokenizer.Quantizer.Canvases(sequence).Select(1, sequence.Grid.StageCount)));
    }

    /// <summary>Encodes and decodes pictures together.</summary>
    /// <param name="tokenizer">Borrowed.</param>
    /// <param name="pictures">Squares of the tokenizer's image size.</param>
    /// <param name="withStages">Whether stages are drawn.</param>
    public static ReconstructedPicture[] Run(Tokenizer tokenizer, IReadOnlyList<RgbImage> pictures, bool withStages = false)
    {
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        using GranularitySequence sequence = tokenizer.Encode(PictureBatch.Load(pictures, tokenizer.Quantizer.Codebook.Device));
        Tensor canvas_BLC = tokenizer.Quantizer.Canvases(sequence).Select(1, sequence.Grid.StageCount);
        RgbImage[] decoded = PictureBatch.ToPictures(tokenizer.Decode(canvas_BLC));
        IReadOnlyList<StagePicture>[]? stages = withStages ? StagePictures.Draw(tokenizer, sequence) : null;
        return [.. decoded.Select((picture, i) => new ReconstructedPicture(
            pictures[i], picture, ImageQuality.Psnr(picture, pictures[i]), ImageQuality.Ssim(picture, pictures[i]), stages?[i] ?? []))];
    }
}
