using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Imaging;

namespace Nvg.Examples;

/// <summary>The structure of one image with the content of another, and an interpolation between both.</summary>
internal static class Mixing
{
    public static async Task RunAsync(string modelFolder, string folder)
    {
        await using NvgModel model = await NvgModel.LoadAsync(modelFolder);
        GeneratedImage a = await model.GenerateAsync("highway", seed: 1), b = await model.GenerateAsync("residential", seed: 2);

        // The latent of b is encoded again along the clusters of a.
        using ReferenceSequence content = ReferenceSequence.FromSequence(model.Tokenizer, b.Sequence);
        PartialSequence mixed = content.Keep(KeptPart.Content, stages: 3, structure: a.Sequence.Keep(structureStages: 4, contentStages: 0));
        GeneratedImage both = await model.GenerateAsync(new ImageRequest("residential", Seed: 2) { Given = mixed });
        ImageGrid.Compose([a.Image, b.Image, both.Image], columns: 3, enlargement: 4).Save(Path.Combine(folder, "mixed.png"));

        // From airplane with seed 1 to automobile with seed 2.
        ImageRequest[] steps = [.. Enumerable.Range(0, 6)
            .Select(k => new ImageRequest("highway", Seed: 1) { Interpolation = new Interpolation(b.Class, Seed: 2, Share: k / 5.0) })];
        IReadOnlyList<GeneratedImage> images = await model.GenerateAsync(new GenerationRequest { Images = steps, BatchSize = 6 });
        RgbImage row = ImageGrid.Compose([.. images.Select(image => image.Image)], columns: 6, enlargement: 3);
        row.Save(Path.Combine(folder, "interpolation.png"));
    }
}
