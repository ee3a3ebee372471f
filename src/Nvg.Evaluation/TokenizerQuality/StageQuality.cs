namespace Nvg.Evaluation.TokenizerQuality;

/// <summary>What an image is after a stage, and what the stage uses of the codebook.</summary>
/// <param name="Stage">From 0.</param>
/// <param name="Tokens">Tokens of all stages so far.</param>
/// <param name="Bits">What these tokens take at most, log₂ V each; the structure maps are not counted.</param>
/// <param name="CodebookUsage">Share of the codes that the stage uses.</param>
/// <param name="Perplexity">e to the entropy of the stage's codes.</param>
/// <param name="Quality">Of the image decoded from the canvas after the stage; null where stages were not decoded.</param>
public sealed record StageQuality(int Stage, int Tokens, double Bits, double CodebookUsage, double Perplexity, ReconstructionQuality? Quality);
