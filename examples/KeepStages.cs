using Nvg.Checkpoints;
using Nvg.Control;
using Nvg.Rendering;

namespace Nvg.Examples;

/// <summary>Variations that keep more and more of a picture's structure: a row for each number of stages.</summary>
internal static class KeepStages
{
    private const int Variations = 3;

    public static async Task RunAsync(string model, string folder)
    {
        using NvgModel nvg = NvgModel.Load(model);
        using var pipeline = new NvgPipeline(nvg);
        GeneratedPicture original = await pipeline.GenerateAsync(new RequestedPicture(Class: 0, Seed: 1));

        // Another class over the same structure. A photograph would be described by ReferenceSequence.FromPicture.
        int stages = original.Sequence.Grid.StageCount;
        RequestedPicture[] pictures = [.. Enumerable.Range(1, stages).SelectMany(kept => Enumerable.Range(0, Variations)
            .Select(k => new RequestedPicture(1, (ulong)(100 + k)) { Given = original.Sequence.Keep(structureStages: kept, contentStages: 0) }))];
        IReadOnlyList<GeneratedPicture> rows = await pipeline.GenerateAsync(new GenerationRequest { Pictures = pictures, BatchSize = 8 });
        PictureFile.Write(Path.Combine(folder, "keep-stages.png"), PictureGrid.Compose([.. rows.Select(p => p.Picture)], columns: Variations, enlargement: 2));
    }
}
