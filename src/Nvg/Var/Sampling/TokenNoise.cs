using Nvg.Sampling;
using Nvg.Torch;
using Nvg.Var.Tokenizers;

namespace Nvg.Var.Sampling;

/// <summary>
/// The random numbers of a batch of images, from one random generator per image, so that an image depends on its seed alone and
/// never on the other images of the batch.
/// </summary>
/// <remarks>Shapes: B images, L tokens of an image, T tokens of a scale, V codes.</remarks>
public sealed class TokenNoise : IDisposable
{
    private readonly ScaleSequence _scales;
    private readonly Tensor _uniform_BL;
    private readonly Func<int, int, Tensor> _gumbel;

    private TokenNoise(ScaleSequence scales, Tensor uniform_BL, Func<int, int, Tensor> gumbel) =>
        (_scales, _uniform_BL, _gumbel) = (scales, uniform_BL.Own(), gumbel);

    /// <summary>Draws the noise of images from their seeds.</summary>
    public static TokenNoise FromSeeds(IReadOnlyList<ulong> seeds, ScaleSequence scales, Device device)
    {
        using var scope = new TensorScope();
        Tensor[] uniform = [.. seeds.Select(seed =>
        {
            using RandomGenerator generator = ImageNoise.GeneratorOf(seed);
            return Tensor.Rand([scales.Length], generator);
        })];
        ulong[] kept = [.. seeds];
        return new TokenNoise(
            scales, Tensor.Stack(uniform, 0).To(device), (scale, codes) => DrawGumbel(kept, scales, scale, codes).To(device));
    }

    /// <summary>Given numbers, for comparison with reference runs.</summary>
    /// <param name="scales">The scales.</param>
    /// <param name="uniform_BL">Uniform numbers of all tokens.</param>
    /// <param name="gumbel">Gumbel noise of a scale, B × T × V; called for smooth sampling only.</param>
    internal static TokenNoise FromNumbers(ScaleSequence scales, Tensor uniform_BL, Func<int, Tensor> gumbel) =>
        new(scales, uniform_BL.Alias(), (scale, _) => gumbel(scale));

    /// <summary>Number of images.</summary>
    public int Count => (int)_uniform_BL.Size(0);

    /// <summary>Uniform numbers for the tokens of a scale, B × T.</summary>
    public Tensor Tokens(int scale) => _uniform_BL.Narrow(1, _scales.Start(scale), _scales.TokenCount(scale));

    /// <summary>
    /// Standard Gumbel noise for every token of a scale and every code, B × T × V. Drawn when it is asked for: it is large.
    /// </summary>
    public Tensor Gumbel(int scale, int codes) => _gumbel(scale, codes);

    /// <inheritdoc/>
    public void Dispose() => _uniform_BL.Dispose();

    // A generator per image and scale, so that a scale's noise needs no other's. The streams differ from that of the tokens.
    private static Tensor DrawGumbel(ulong[] seeds, ScaleSequence scales, int scale, int codes)
    {
        using var scope = new TensorScope();
        Tensor[] drawn = [.. seeds.Select(seed =>
        {
            using RandomGenerator generator = ImageNoise.GeneratorOf(SplitMix64.Mix(SplitMix64.Mix(seed) + (ulong)scale));
            return Tensor.Rand([scales.TokenCount(scale), codes], generator);
        })];
        // The logarithms have no value at 0 and 1.
        Tensor uniform_BTV = Tensor.Stack(drawn, 0).Clamp(1e-7, 1 - 1e-7);
        return scope.Keep(-(-uniform_BTV.Log()).Log());
    }
}
