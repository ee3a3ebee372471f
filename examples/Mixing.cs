using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Imaging;

namespace Nvg.Examples;

/// <summary>Structure of one image with the content of another, and the way from one to the other.</summary>
internal static class Mixing
{
    public static async Task RunAsync(string model, string folder)
    {
        using NvgModel nvg = NvgModel.Load(model);
        using var pipeline = new NvgPipeline(nvg);
        GeneratedImage a = await pipeline.GenerateAsync(new ImageRequest(Class: 0, Seed: 1));
        GeneratedImage b = await pipeline.GenerateAsync(new ImageRequest(Class: 1, Seed: 2));

        // The content of b is read off its latent along the clusters of a.
        using ReferenceSequence content = ReferenceSequence.FromSequence(nvg.Tokenizer, b.Sequence);
        PartialSequence mixed = content.Keep(KeptPart.Content, stages: 3, structure: a.Sequence.Keep(4, 0));
        GeneratedImage both = await pipeline.GenerateAsync(new ImageRequest(Class: 1, Seed: 2) { Given = mixed });
        ImageFile.Write(Path.Combine(folder, "mixed.png"), ImageGrid.Compose([a.Image, b.Image, both.Image], columns: 3, enlargement: 4));

        ImageRequest[] way = [.. Enumerable.Range(0, 6).Select(k => new ImageRequest(0, 1) { Interpolation = new Interpolation(Class: 1, Seed: 2, Share: k / 5.0) })];
        IReadOnlyList<GeneratedImage> images = await pipeline.GenerateAsync(new GenerationRequest { Images = way, BatchSize = 6 });
        ImageFile.Write(Path.Combine(folder, "way.png"), ImageGrid.Compose([.. images.Select(p => p.Image)], columns: 6, enlargement: 3));
    }
}
