namespace Nvg.Evaluation.TokenizerQuality;

/// <summary>Reconstruction quality after a stage, and the stage's use of the codebook.</summary>
/// <param name="Stage">Stage index, from 0.</param>
/// <param name="Tokens">Number of tokens of all stages up to this one.</param>
/// <param name="Bits">Upper bound of the size of these tokens in bits, log₂ V per token; structure maps are not counted.</param>
/// <param name="CodebookUsage">Share of the codes that the stage uses.</param>
/// <param name="Perplexity">Perplexity of the stage's codes (exp of their entropy).</param>
/// <param name="Quality">Quality of the image decoded after the stage; null if stages were not decoded.</param>
public sealed record StageQuality(
    int Stage, int Tokens, double Bits, double CodebookUsage, double Perplexity, ReconstructionQuality? Quality);
