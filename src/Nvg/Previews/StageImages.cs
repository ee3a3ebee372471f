using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Granularity;
using Nvg.Imaging;
using Nvg.Tokenizers;
using Nvg.Torch;

namespace Nvg.Previews;

/// <summary>Decodes the images for the stages of sequences.</summary>
public static class StageImages
{
    /// <summary>Draws every stage of every image of a batch.</summary>
    /// <param name="tokenizer">Decodes the canvases; borrowed.</param>
    /// <param name="sequence">The batch; borrowed.</param>
    /// <param name="surroundings">The surroundings that each image keeps outside a region, applied to every stage; null for none.</param>
    /// <param name="cancellation">Checked before each pass of the decoder.</param>
    /// <returns>Stages 0…K of each image.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static IReadOnlyList<StageImage>[] Draw(
        Tokenizer tokenizer, GranularitySequence sequence, IReadOnlyList<KeptSurroundings?>? surroundings = null,
        CancellationToken cancellation = default)
    {
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        LatentGrid grid = sequence.Grid;
        Tensor canvases = tokenizer.Quantizer.Canvases(sequence);
        // Decodes stage by stage, so that the decoder never needs more memory than for the final images.
        RgbImage[][] images = [.. Enumerable.Range(1, grid.StageCount)
            .Select(i => WithSurroundings(Decode(tokenizer, canvases, i, cancellation), surroundings))];
        int[] labels = Array.ConvertAll(sequence.Structure_BSL.ToArray<long>(), label => (int)label);
        return [.. Enumerable.Range(0, sequence.Count).Select(b => DrawOne(images, labels, b, grid))];
    }

    /// <summary>Decodes a complete sequence.</summary>
    /// <param name="tokenizer">Decodes it; borrowed.</param>
    /// <param name="sequence">A complete sequence.</param>
    /// <param name="cancellation">Checked before decoding.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static RgbImage Draw(Tokenizer tokenizer, PartialSequence sequence, CancellationToken cancellation = default)
    {
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        using GranularitySequence batch = PartialSequence.ToBatch([sequence], tokenizer.Quantizer.Codebook.Device);
        return Decode(tokenizer, tokenizer.Quantizer.Canvases(batch), sequence.Grid.StageCount, cancellation)[0];
    }

    /// <summary>Decodes images and blends each with the surroundings that it keeps outside a region.</summary>
    internal static RgbImage[] WithSurroundings(RgbImage[] decoded, IReadOnlyList<KeptSurroundings?>? surroundings) =>
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
            RgbImage structure = StructureMapPainting.WithMeanColours(map, grid.Height, grid.Width, images[^1][image]);
            stages[i] = new StageImage(images[i][image], structure);
        }

        return stages;
    }
}
