using Nvg.Imaging;
using Nvg.Previews;
using Nvg.Sampling;
using Nvg.Torch;

namespace Nvg;

/// <summary>
/// Extracts what observers of the generation loop need from a stage: previews and structure maps of the requested images.
/// </summary>
internal static class StageResultReading
{
    /// <summary>The images so far. Copies that pad the batch come last and are omitted.</summary>
    /// <param name="stage">The stage; borrowed.</param>
    /// <param name="model">Decodes the canvas; borrowed.</param>
    /// <param name="batch">The requested images.</param>
    internal static RgbImage[] Preview(this StageResult stage, NvgModel model, IReadOnlyList<ImageRequest> batch)
    {
        using var scope = new TensorScope();
        RgbImage[] decoded = ImageTensor.ToImages(model.Tokenizer.Decode(stage.Canvas_BLC));
        return StageImages.WithSurroundings(decoded[..batch.Count], [.. batch.Select(p => p.Surroundings)]);
    }

    /// <summary>The structure maps of the first images, L labels each.</summary>
    internal static int[][] StructureMaps(this StageResult stage, int count)
    {
        using var scope = new TensorScope();
        int[] labels = stage.Labels_BL.To(ScalarType.Int32).ToArray<int>();
        int length = (int)stage.Labels_BL.Size(1);
        return [.. Enumerable.Range(0, count).Select(b => labels[(b * length)..((b + 1) * length)])];
    }
}
