using Nvg.Imaging;

namespace Nvg.Previews;

/// <summary>An image after the tokenizer's round trip.</summary>
/// <param name="Original">The image as the tokenizer saw it.</param>
/// <param name="Image">What came back.</param>
/// <param name="Psnr">Peak signal-to-noise ratio in decibels.</param>
/// <param name="Ssim">Structural similarity.</param>
/// <param name="Stages">Its stages; empty unless asked for.</param>
public sealed record ReconstructedImage(RgbImage Original, RgbImage Image, double Psnr, double Ssim, IReadOnlyList<StageImage> Stages);
