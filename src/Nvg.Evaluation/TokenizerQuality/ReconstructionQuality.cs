namespace Nvg.Evaluation.TokenizerQuality;

/// <summary>Quality of reconstructions against their originals, both as 8-bit images.</summary>
/// <param name="Psnr">Peak signal-to-noise ratio in decibels; for several images, the mean of their values.</param>
/// <param name="Ssim">Structural similarity.</param>
/// <param name="L1">Mean absolute difference of values in 0…1.</param>
/// <param name="Lpips">Learned perceptual distance, or null without its weights.</param>
public readonly record struct ReconstructionQuality(double Psnr, double Ssim, double L1, double? Lpips)
{
    /// <summary>The mean of several images.</summary>
    internal static ReconstructionQuality Mean(IReadOnlyCollection<ReconstructionQuality> all) =>
        new(all.Average(q => q.Psnr), all.Average(q => q.Ssim), all.Average(q => q.L1), all.Average(q => q.Lpips));
}
