using Nvg.Control;
using Nvg.Data;
using Nvg.Granularity;
using Nvg.Rendering;
using Nvg.Tokenizers;
using Nvg.Torch;

namespace Nvg.Evaluation;

/// <summary>A picture after the tokenizer's round trip.</summary>
/// <param name="Original">The picture as the tokenizer saw it.</param>
/// <param name="Picture">What came back.</param>
/// <param name="Psnr">Peak signal-to-noise ratio in decibels.</param>
/// <param name="Ssim">Structural similarity.</param>
/// <param name="Stages">Its stages; empty unless asked for.</param>
public sealed record ReconstructedPicture(RgbImage Original, RgbImage Picture, double Psnr, double Ssim, IReadOnlyList<StagePicture> Stages);

/// <summary>The tokenizer's round trip: picture to sequence and back.</summary>
public static class Reconstruction
{
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
