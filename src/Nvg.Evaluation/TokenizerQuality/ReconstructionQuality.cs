namespace Nvg.Evaluation.TokenizerQuality;

/// <summary>How close images come to their originals; 8-bit images on both sides.</summary>
/// <param name="Psnr">Peak signal-to-noise ratio in decibels; of several images the mean of theirs.</param>
/// <param name="Ssim">Structural similarity.</param>
/// <param name="L1">Mean absolute difference of values divided by 255.</param>
/// <param name="Lpips">Learned perceptual distance, or null where no weights were given.</param>
public readonly record struct ReconstructionQuality(double Psnr, double Ssim, double L1, double? Lpips)
{
    /// <summary>The mean of several.</summary>
    internal static ReconstructionQuality Mean(IReadOnlyCollection<ReconstructionQuality> all) =>
        new(all.Average(q => q.Psnr), all.Average(q => q.Ssim), all.Average(q => q.L1), all.Average(q => q.Lpips));
}
