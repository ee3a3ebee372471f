using Nvg.Methods;

namespace Nvg.Evaluation.Comparison;

/// <summary>Cost of a model on this machine.</summary>
/// <param name="Parameters">Learned parameters of each part.</param>
/// <param name="Work">Passes and operations of one image, counted from sizes and settings.</param>
/// <param name="Seconds">Seconds per image, decoding included; the mean over all images that were drawn.</param>
/// <param name="PeakMiB">
/// Peak memory of the process while images were drawn; null if unknown. Memory that it held before counts as well.
/// </param>
/// <param name="Tokens">Tokens of an image.</param>
/// <param name="Bits">Bits of these tokens: their number times the binary logarithm of the codebook size.</param>
public sealed record ComparedCost(
    IReadOnlyDictionary<string, long> Parameters, GenerationWork Work, double Seconds, double? PeakMiB, int Tokens, double Bits)
{
    /// <summary>All learned parameters.</summary>
    public long AllParameters => Parameters.Values.Sum();
}
