namespace Nvg.Evaluation.Steering;

/// <summary>Quality of the structure maps of a stage, as means over images.</summary>
/// <param name="Stage">Stage index (i).</param>
/// <param name="WithinVariance">Share of the latent variance inside clusters, which the stage's tokens cannot express.</param>
/// <param name="EdgeAgreement">
/// Probability that the colours of two neighbouring positions differ more across clusters than within a cluster; ½ is chance.
/// </param>
/// <param name="Psnr">PSNR in decibels of the reconstruction from the tokens up to this stage.</param>
public sealed record StructureQuality(int Stage, double WithinVariance, double EdgeAgreement, double Psnr);
