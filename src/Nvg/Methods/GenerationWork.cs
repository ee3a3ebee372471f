namespace Nvg.Methods;

/// <summary>
/// The work for generating one image, calculated from sizes and settings. It covers the transformers, but not the decoder.
/// </summary>
/// <param name="Passes">Number of transformer passes; each processes conditional and unconditional sequences together.</param>
/// <param name="Flop">Floating-point operations of matrix products and attention in all blocks.</param>
public sealed record GenerationWork(int Passes, double Flop)
{
    /// <summary>Adds two amounts of work.</summary>
    public static GenerationWork operator +(GenerationWork left, GenerationWork right) =>
        new(left.Passes + right.Passes, left.Flop + right.Flop);

    /// <summary>The work of one pass over blocks.</summary>
    /// <param name="sequences">Sequences in the pass: 2 with guidance.</param>
    /// <param name="tokens">New tokens per sequence.</param>
    /// <param name="keys">Tokens that each new token attends to.</param>
    /// <param name="width">Width of the blocks (W).</param>
    /// <param name="depth">Number of blocks.</param>
    /// <param name="mlpRatio">Width of the MLP as a multiple of W.</param>
    internal static GenerationWork OfPass(int sequences, double tokens, double keys, double width, int depth, int mlpRatio)
    {
        // Queries, keys, values and projection are 4 W², the MLP 2 · ratio · W²; scores and their products with values 2 · keys · W.
        double multiplications = tokens * (width * width * (4 + 2 * mlpRatio) + 2 * keys * width);
        return new GenerationWork(1, 2 * sequences * depth * multiplications);
    }
}
