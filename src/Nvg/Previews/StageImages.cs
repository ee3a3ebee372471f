using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Granularity;
using Nvg.Imaging;
using Nvg.Tokenizers;
using Nvg.Torch;

namespace Nvg.Previews;

/// <summary>Draws how images grow over the stages.</summary>
public static class StageImages
{
    /// <summary>Draws every stage of every image of a sequence.</summary>
    /// <param name="tokenizer">Decodes the canvases; borrowed.</param>
    /// <param name="sequence">The images.</param>
    /// <param name="surroundings">What each image keeps around a region, put around every stage as around the image; null for none at all.</param>
    /// <param name="cancellation">Checked before each pass of the decoder.</param>
    /// <returns>For each image its stages 0…K.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static IReadOnlyList<StageImage>[] Draw(
        Tokenizer tokenizer, GranularitySequence sequence, IReadOnlyList<KeptSurroundings?>? surroundings = null, CancellationToken cancellation = default)
    {
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        LatentGrid grid = sequence.Grid;
        Tensor canvases = tokenizer.Quantizer.Canvases(sequence);
        // Stage by stage, so that a decoder never has more images at once than it had for the result.
        RgbImage[][] images = [.. Enumerable.Range(1, grid.StageCount).Select(i => Blended(Decode(tokenizer, canvases, i, cancellation), surroundings))];
        int[] labels = Array.ConvertAll(sequence.Structure_BSL.ToArray<long>(), label => (int)label);
        return [.. Enumerable.Range(0, sequence.Count).Select(b => DrawOne(images, labels, b, grid))];
    }

    /// <summary>The image that a complete sequence gives.</summary>
    /// <param name="tokenizer">Decodes it; borrowed.</param>
    /// <param name="sequence">Complete.</param>
    /// <param name="cancellation">Checked before decoding.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static RgbImage Draw(Tokenizer tokenizer, PartialSequence sequence, CancellationToken cancellation = default)
    {
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        using GranularitySequence batch = PartialSequence.ToBatch([sequence], tokenizer.Quantizer.Codebook.Device);
        return Decode(tokenizer, tokenizer.Quantizer.Canvases(batch), sequence.Grid.StageCount, cancellation)[0];
    }

    /// <summary>Images as the decoder gave them, with what each keeps around a region put back.</summary>
    internal static RgbImage[] Blended(RgbImage[] decoded, IReadOnlyList<KeptSurroundings?>? surroundings) =>
        surroundings is null ? decoded : [.. decoded.Select((image, i) => surroundings[i]?.Blend(image) ?? image)];

    private static RgbImage[] Decode(Tokenizer tokenizer, Tensor canvases, int index, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        using var scope = new TensorScope();
        return ImageTensor.ToImages(tokenizer.Decode(canvases.Select(1, index)));
    }

    private static StageImage[] DrawOne(RgbImage[][] images, int[] labels, int image, LatentGrid grid)
    {
        var stages = new StageImage[grid.StageCount];
        for (int i = 0; i < stages.Length; i++)
        {
            ReadOnlySpan<int> map = labels.AsSpan((image * grid.StageCount + i) * grid.Length, grid.Length);
            stages[i] = new StageImage(images[i][image], StructureMapPainting.WithMeanColours(map, grid.Height, grid.Width, images[^1][image]));
        }

        return stages;
    }
}
