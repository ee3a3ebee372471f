using Nvg.Torch;
using Nvg.Var.Tokenizers;

namespace Nvg.Var.Sampling;

/// <summary>
/// Tokens of images that are kept at some positions while the others are generated: in-painting, out-painting and, with a different class,
/// editing. The kept part of the result is close to the original but not equal to it, because refiners and bicubic kernels reach across the
/// border. Owns its tensors.
/// </summary>
/// <remarks>Shapes: B images, n = side of the latent, p = side of a scale, C latent channels.</remarks>
public sealed class TokenEdit : IDisposable
{
    // Scales with so few tokens describe the whole image, so they are always kept.
    private const int MostWholeTokens = 3;
    private const double KeptShare = 0.5;

    private readonly Tensor _keep_B1HW;

    /// <param name="given">Tokens of the images, encoded at the scales of the model; this object takes ownership.</param>
    /// <param name="keep_BHW">1 where an image is kept, 0 where it is generated: B × n × n, or n × n for all images; borrowed.</param>
    /// <exception cref="ArgumentException">The mask does not fit the tokens.</exception>
    public TokenEdit(TokenMaps given, Tensor keep_BHW)
    {
        Given = given;
        int side = given.Scales.LatentSide;
        using var scope = new TensorScope();
        Tensor whole = keep_BHW.Rank == 2 ? keep_BHW.Unsqueeze(0).Expand(given.Count, -1, -1) : keep_BHW;
        if (!whole.Shape.SequenceEqual([given.Count, side, side]))
            throw new ArgumentException($"a mask for {given.Count} images of {side} × {side} positions is needed, it is {keep_BHW}");
        _keep_B1HW = whole.To(ScalarType.Float32).Unsqueeze(1).Contiguous().Own();
    }

    /// <summary>Tokens of the images.</summary>
    public TokenMaps Given { get; }

    /// <summary>Whether each token of a scale is kept, B × p × p: true if more than half of the mask in its area is kept.</summary>
    public Tensor Keep(int scale)
    {
        using var scope = new TensorScope();
        int side = Given.Scales.Sides[scale];
        Tensor shares = side * side <= MostWholeTokens
            ? Tensor.Full([Given.Count, 1, side, side], 1, device: _keep_B1HW.Device)
            : Functional.ResizeBilinear(_keep_B1HW, side, side);
        return scope.Keep(shares.IsGreater(KeptShare).Squeeze(1));
    }

    /// <summary>Codebook rows of a scale: given ones where the image is kept, drawn ones elsewhere.</summary>
    /// <param name="scale">The scale.</param>
    /// <param name="drawn_BTC">Drawn or mixed rows.</param>
    /// <param name="quantizer">The quantizer that holds the codebook.</param>
    internal Tensor Combine(int scale, Tensor drawn_BTC, ScaleQuantizer quantizer)
    {
        using var scope = new TensorScope();
        Tensor keep_BT1 = Keep(scale).Reshape(Given.Count, -1, 1);
        return scope.Keep(keep_BT1.Where(quantizer.Rows(Given.Maps[scale]), drawn_BTC));
    }

    /// <summary>Tokens of a scale: given ones where the image is kept, drawn ones elsewhere.</summary>
    internal Tensor CombineTokens(int scale, Tensor drawn_BT)
    {
        using var scope = new TensorScope();
        Tensor keep_BT = Keep(scale).Reshape(Given.Count, -1);
        return scope.Keep(keep_BT.Where(Given.Maps[scale], drawn_BT));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Given.Dispose();
        _keep_B1HW.Dispose();
    }
}
