namespace Nvg.Evaluation.Steering;

/// <summary>How good the structure maps of a stage are, as means over images.</summary>
/// <param name="Stage">i.</param>
/// <param name="WithinVariance">Share of the latents' variance that is left inside clusters: what the stage's tokens cannot say.</param>
/// <param name="EdgeAgreement">
/// Probability that two neighbouring positions of different clusters differ more in colour than two of the same cluster; ½ is chance.
/// </param>
/// <param name="Psnr">Reconstruction with the tokens up to this stage, in decibels.</param>
public sealed record StructureQuality(int Stage, double WithinVariance, double EdgeAgreement, double Psnr);
