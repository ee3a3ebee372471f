using Nvg.Granularity;
using Nvg.Imaging;
using Nvg.Torch;

namespace Nvg.Tokenizers;

/// <summary>Images as granularity sequences.</summary>
/// <param name="tokenizer">Decodes them; borrowed.</param>
/// <param name="sequence">The sequences; this object takes ownership.</param>
internal sealed class SequenceDescription(Tokenizer tokenizer, GranularitySequence sequence) : IImageDescription
{
    private readonly int[] _labels = Array.ConvertAll(sequence.Structure_BSL.ToArray<long>(), label => (int)label);
    private Tensor? _canvases_BSLC;

    public IReadOnlyList<Tensor> Tokens => sequence.Content;

    public Tensor Decode(int stage)
    {
        // Entry 0 is the empty canvas.
        using Tensor canvas_BLC = Canvases().Select(1, stage + 1);
        return tokenizer.Decode(canvas_BLC);
    }

    public RgbImage DrawParts(int stage, int index, RgbImage image)
    {
        LatentGrid grid = sequence.Grid;
        ReadOnlySpan<int> map = _labels.AsSpan((index * grid.StageCount + stage) * grid.Length, grid.Length);
        return StructureMapPainting.WithMeanColours(map, grid.Height, grid.Width, image);
    }

    public void Dispose()
    {
        sequence.Dispose();
        _canvases_BSLC?.Dispose();
    }

    private Tensor Canvases()
    {
        using InferenceMode inference = Autograd.Inference();
        return _canvases_BSLC ??= tokenizer.Quantizer.Canvases(sequence).Own();
    }
}
