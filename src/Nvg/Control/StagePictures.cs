using Nvg.Data;
using Nvg.Granularity;
using Nvg.Rendering;
using Nvg.Tokenizers;
using Nvg.Torch;

namespace Nvg.Control;

/// <summary>Draws how pictures grow over the stages.</summary>
public static class StagePictures
{
    /// <summary>Draws every stage of every picture of a sequence.</summary>
    /// <param name="tokenizer">Decodes the canvases; borrowed.</param>
    /// <param name="sequence">The pictures.</param>
    /// <param name="surroundings">What each picture keeps around a region, put around every stage as around the picture; null for none at all.</param>
    /// <param name="cancellation">Looked at before every pass of the decoder.</param>
    /// <returns>For each picture its stages 0…K.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static IReadOnlyList<StagePicture>[] Draw(
        Tokenizer tokenizer, GranularitySequence sequence, IReadOnlyList<KeptSurroundings?>? surroundings = null, CancellationToken cancellation = default)
    {
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        LatentGrid grid = sequence.Grid;
        Tensor canvases = tokenizer.Quantizer.Canvases(sequence);
        // Stage by stage, so that a decoder never has more pictures at once than it had for the result.
        RgbImage[][] pictures = [.. Enumerable.Range(1, grid.StageCount).Select(i => Blended(Decode(tokenizer, canvases, i, cancellation), surroundings))];
        int[] labels = Array.ConvertAll(sequence.Structure_BSL.ToArray<long>(), label => (int)label);
        return [.. Enumerable.Range(0, sequence.Count).Select(b => DrawOne(pictures, labels, b, grid))];
    }

    /// <summary>The picture that a complete sequence gives.</summary>
    /// <param name="tokenizer">Decodes it; borrowed.</param>
    /// <param name="sequence">Complete.</param>
    /// <param name="cancellation">Looked at before the decoder runs.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static RgbImage Draw(Tokenizer tokenizer, PartialSequence sequence, CancellationToken cancellation = default)
    {
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        using GranularitySequence batch = PartialSequence.ToBatch([sequence], tokenizer.Quantizer.Codebook.Device);
        return Decode(tokenizer, tokenizer.Quantizer.Canvases(batch), sequence.Grid.StageCount, cancellation)[0];
    }

    /// <summary>Pictures as the decoder gave them, with what each keeps around a region put back.</summary>
    internal static RgbImage[] Blended(RgbImage[] decoded, IReadOnlyList<KeptSurroundings?>? surroundings) =>
        surroundings is null ? decoded : [.. decoded.Select((picture, i) => surroundings[i]?.Blend(picture) ?? picture)];

    private static RgbImage[] Decode(Tokenizer tokenizer, Tensor canvases, int index, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        using var scope = new TensorScope();
        return PictureBatch.ToPictures(tokenizer.Decode(canvases.Select(1, index)));
    }

    private static StagePicture[] DrawOne(RgbImage[][] pictures, int[] labels, int image, LatentGrid grid)
    {
        var stages = new StagePicture[grid.StageCount];
        for (int i = 0; i < stages.Length; i++)
        {
            ReadOnlySpan<int> map = labels.AsSpan((image * grid.StageCount + i) * grid.Length, grid.Length);
            stages[i] = new StagePicture(pictures[i][image], StructureMapPainting.WithMeanColours(map, grid.Height, grid.Width, pictures[^1][image]));
        }

        return stages;
    }
}
