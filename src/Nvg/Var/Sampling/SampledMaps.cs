using Nvg.Torch;
using Nvg.Var.Tokenizers;

namespace Nvg.Var.Sampling;

/// <summary>The token maps of images that were sampled together, and their final canvas. Owns both.</summary>
/// <param name="tokens">The maps; this object takes ownership.</param>
/// <param name="canvas_BCHW">The final canvas, B × C × n × n; this object takes ownership.</param>
public sealed class SampledMaps(TokenMaps tokens, Tensor canvas_BCHW) : IDisposable
{
    /// <summary>
    /// The token maps. With smooth sampling, these are the tokens that would have been drawn, but the canvas is made of code mixtures.
    /// </summary>
    public TokenMaps Tokens { get; } = tokens;

    /// <summary>The final canvas, B × C × n × n.</summary>
    public Tensor Canvas_BCHW { get; } = canvas_BCHW.Own();

    /// <inheritdoc/>
    public void Dispose()
    {
        Tokens.Dispose();
        Canvas_BCHW.Dispose();
    }
}
