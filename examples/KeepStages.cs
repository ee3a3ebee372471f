using Nvg.Imaging;

namespace Nvg.Examples;

/// <summary>Images that keep more and more of the structure of another: one row for each number of stages.</summary>
internal static class KeepStages
{
    private const int Variations = 3;

    public static async Task RunAsync(string modelFolder, string folder)
    {
        await using NvgModel model = await NvgModel.LoadAsync(modelFolder);
        GeneratedImage original = await model.GenerateAsync("river", seed: 6);

        // Another class over the same structure. ReferenceSequence.FromImage gives the sequence of a photograph.
        ImageRequest Request(int stages, int variation) =>
            new("highway", (ulong)variation) { Given = original.Sequence.Keep(structureStages: stages, contentStages: 0) };
        ImageRequest[] requests = [.. Enumerable.Range(1, model.Grid.StageCount)
            .SelectMany(stages => Enumerable.Range(0, Variations).Select(k => Request(stages, k)))];
        IReadOnlyList<GeneratedImage> rows = await model.GenerateAsync(new GenerationRequest { Images = requests, BatchSize = 8 });
        RgbImage grid = ImageGrid.Compose([.. rows.Select(image => image.Image)], columns: Variations, enlargement: 2);
        grid.Save(Path.Combine(folder, "keep-stages.png"));
    }
}
