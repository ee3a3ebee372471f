using Nvg.Imaging;

namespace Nvg.Previews;

/// <summary>An image that was encoded and decoded by a tokenizer.</summary>
/// <param name="Original">The image as it was encoded.</param>
/// <param name="Image">The decoded image.</param>
/// <param name="Psnr">Peak signal-to-noise ratio in decibels.</param>
/// <param name="Ssim">Structural similarity.</param>
/// <param name="Stages">Its stages; empty unless requested.</param>
public sealed record ReconstructedImage(RgbImage Original, RgbImage Image, double Psnr, double Ssim, IReadOnlyList<StageImage> Stages);
