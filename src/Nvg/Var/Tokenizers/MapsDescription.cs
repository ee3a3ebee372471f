using Nvg.Imaging;
using Nvg.Tokenizers;
using Nvg.Torch;

namespace Nvg.Var.Tokenizers;

/// <summary>Images as token maps.</summary>
/// <param name="tokenizer">Decodes them; borrowed.</param>
/// <param name="tokens">The maps; this object takes ownership.</param>
internal sealed class MapsDescription(VarTokenizer tokenizer, TokenMaps tokens) : IImageDescription
{
    private Tensor? _canvases;

    public IReadOnlyList<Tensor> Tokens => tokens.Maps;

    public Tensor Decode(int stage)
    {
        using Tensor canvas_BCHW = Canvases().Select(1, stage);
        return tokenizer.Decode(canvas_BCHW);
    }

    public RgbImage DrawParts(int stage, int index, RgbImage image) => DrawGrid(tokens.Scales.Sides[stage], image);

    public void Dispose()
    {
        tokens.Dispose();
        _canvases?.Dispose();
    }

    /// <summary>Draws the mean colours of an image in a grid, enlarged to the size of the image.</summary>
    /// <param name="side">Cells per row.</param>
    /// <param name="image">The image.</param>
    internal static RgbImage DrawGrid(int side, RgbImage image) =>
        StructureMapPainting.WithMeanColours([.. Enumerable.Range(0, side * side)], side, side, image);

    private Tensor Canvases()
    {
        using InferenceMode inference = Autograd.Inference();
        return _canvases ??= tokenizer.Quantizer.Canvases(tokens).Own();
    }
}
