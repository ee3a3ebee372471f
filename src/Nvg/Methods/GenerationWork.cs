namespace Nvg.Methods;

/// <summary>The work of generating one image, counted from sizes and settings: what the transformers do, without the decoder.</summary>
/// <param name="Passes">Passes of a transformer, each over conditional and unconditional sequences together.</param>
/// <param name="Flop">Floating-point operations of matrix products and attention in all blocks.</param>
public sealed record GenerationWork(int Passes, double Flop)
{
    /// <summary>The sum of two.</summary>
    public static GenerationWork operator +(GenerationWork left, GenerationWork right) =>
        new(left.Passes + right.Passes, left.Flop + right.Flop);

    /// <summary>A pass over blocks.</summary>
    /// <param name="sequences">Sequences of the pass: 2 with guidance.</param>
    /// <param name="tokens">New tokens of each.</param>
    /// <param name="keys">Tokens that each of them attends to.</param>
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
