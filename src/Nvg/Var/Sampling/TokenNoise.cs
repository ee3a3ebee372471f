using Nvg.Sampling;
using Nvg.Torch;
using Nvg.Var.Tokenizers;

namespace Nvg.Var.Sampling;

/// <summary>
/// The random numbers of a batch of images, from one random generator per image, so an image depends only on its own seed, never on the
/// other images of the batch.
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

    /// <summary>Uses given numbers, for comparison with reference runs.</summary>
    /// <param name="scales">The scales.</param>
    /// <param name="uniform_BL">Uniform numbers of all tokens.</param>
    /// <param name="gumbel">Gumbel noise of a scale, B × T × V; called only for smooth sampling.</param>
    internal static TokenNoise FromNumbers(ScaleSequence scales, Tensor uniform_BL, Func<int, Tensor> gumbel) =>
        new(scales, uniform_BL.Alias(), (scale, _) => gumbel(scale));

    /// <summary>Number of images.</summary>
    public int Count => (int)_uniform_BL.Size(0);

    /// <summary>Uniform numbers for the tokens of a scale, B × T.</summary>
    public Tensor Tokens(int scale) => _uniform_BL.Narrow(1, _scales.Start(scale), _scales.TokenCount(scale));

    /// <summary>
    /// Standard Gumbel noise for every token of a scale and every code, B × T × V. Because it is large, it is drawn only when requested.
    /// </summary>
    public Tensor Gumbel(int scale, int codes) => _gumbel(scale, codes);

    /// <inheritdoc/>
    public void Dispose() => _uniform_BL.Dispose();

    // One generator per image and scale, so that the noise of a scale does not depend on other scales. The streams differ from the token
    // stream.
    private static Tensor DrawGumbel(ulong[] seeds, ScaleSequence scales, int scale, int codes)
    {
        using var scope = new TensorScope();
        Tensor[] drawn = [.. seeds.Select(seed =>
        {
            using RandomGenerator generator = ImageNoise.GeneratorOf(SplitMix64.Mix(SplitMix64.Mix(seed) + (ulong)scale));
            return Tensor.Rand([scales.TokenCount(scale), codes], generator);
        })];
        // The logarithms are undefined at 0 and 1.
        Tensor uniform_BTV = Tensor.Stack(drawn, 0).Clamp(1e-7, 1 - 1e-7);
        return scope.Keep(-(-uniform_BTV.Log()).Log());
    }
}
