using Nvg.Checkpoints;
using Nvg.Control;
using Nvg.Granularity;
using Nvg.Rendering;

namespace Nvg.Examples;

/// <summary>Structure of one picture with the content of another, and the way from one to the other.</summary>
internal static class Mixing
{
    public static async Task RunAsync(string model, string folder)
    {
        using NvgModel nvg = NvgModel.Load(model);
        using var pipeline = new NvgPipeline(nvg);
        GeneratedPicture a = await pipeline.GenerateAsync(new RequestedPicture(Class: 0, Seed: 1));
        GeneratedPicture b = await pipeline.GenerateAsync(new RequestedPicture(Class: 1, Seed: 2));

        // The content of b is read off its latent along the clusters of a.
        using ReferenceSequence content = ReferenceSequence.FromSequence(nvg.Tokenizer, b.Sequence);
        PartialSequence mixed = content.Keep(KeptPart.Content, stages: 3, structure: a.Sequence.Keep(4, 0));
        GeneratedPicture both = await pipeline.GenerateAsync(new RequestedPicture(Class: 1, Seed: 2) { Given = mixed });
        PictureFile.Write(Path.Combine(folder, "mixed.png"), PictureGrid.Compose([a.Picture, b.Picture, both.Picture], columns: 3, enlargement: 4));

        RequestedPicture[] way = [.. Enumerable.Range(0, 6).Select(k => new RequestedPicture(0, 1) { Towards = new Interpolation(Class: 1, Seed: 2, Share: k / 5.0) })];
        IReadOnlyList<GeneratedPicture> pictures = await pipeline.GenerateAsync(new GenerationRequest { Pictures = way, BatchSize = 6 });
        PictureFile.Write(Path.Combine(folder, "way.png"), PictureGrid.Compose([.. pictures.Select(p => p.Picture)], columns: 6, enlargement: 3));
    }
}
