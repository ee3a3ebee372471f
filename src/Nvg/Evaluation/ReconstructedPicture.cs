using Nvg.Control;
using Nvg.Rendering;

namespace Nvg.Evaluation;

/// <summary>A picture after the tokenizer's round trip.</summary>
/// <param name="Original">The picture as the tokenizer saw it.</param>
/// <param name="Picture">What came back.</param>
/// <param name="Psnr">Peak signal-to-noise ratio in decibels.</param>
/// <param name="Ssim">Structural similarity.</param>
/// <param name="Stages">Its stages; empty unless asked for.</param>
public sealed record ReconstructedPicture(RgbImage Original, RgbImage Picture, double Psnr, double Ssim, IReadOnlyList<StagePicture> Stages);
