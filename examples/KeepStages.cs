using Nvg.Imaging;

namespace Nvg.Examples;

/// <summary>Variations that keep more and more of an image's structure: a row for each number of stages.</summary>
internal static class KeepStages
{
    private const int Variations = 3;

    public static async Task RunAsync(string model, string folder)
    {
        using NvgModel nvg = NvgModel.Load(model);
        using var pipeline = new NvgPipeline(nvg);
        GeneratedImage original = await pipeline.GenerateAsync(new ImageRequest(Class: 0, Seed: 1));

        // Another class over the same structure. A photograph would be described by ReferenceSequence.FromImage.
        int stages = original.Sequence.Grid.StageCount;
        ImageRequest[] images = [.. Enumerable.Range(1, stages).SelectMany(kept => Enumerable.Range(0, Variations)
            .Select(k => new ImageRequest(1, (ulong)(100 + k)) { Given = original.Sequence.Keep(structureStages: kept, contentStages: 0) }))];
        IReadOnlyList<GeneratedImage> rows = await pipeline.GenerateAsync(new GenerationRequest { Images = images, BatchSize = 8 });
        ImageFile.Write(Path.Combine(folder, "keep-stages.png"), ImageGrid.Compose([.. rows.Select(p => p.Image)], columns: Variations, enlargement: 2));
    }
}
