using Nvg.Documents;
using Nvg.Imaging;

namespace Nvg.Examples;

/// <summary>A result is saved, read again, continued exactly, and varied from a stage on.</summary>
internal static class ContinueResult
{
    public static async Task RunAsync(string model, string folder)
    {
        using NvgModel nvg = NvgModel.Load(model);
        using var pipeline = new NvgPipeline(nvg);
        GeneratedImage image = await pipeline.GenerateAsync(new ImageRequest(Class: 2, Seed: 11));
        string file = Path.Combine(folder, "result.nvg");
        ImageDocument.Of(nvg, nvg.Fingerprint(), image).Write(file);

        ImageDocument document = ImageDocument.Read(file);
        document.RequireModel(file, nvg, nvg.Fingerprint());
        GeneratedImage again = await pipeline.GenerateAsync(document.Continue(structureStages: 3, contentStages: 3));
        Console.WriteLine(again.Image.Pixels.SequenceEqual(image.Image.Pixels) ? "the same image, bit by bit" : "another image");

        // Variations: the later they begin, the more they are alike.
        var rows = new List<RgbImage>();
        foreach (int stages in new[] { 1, 2, 3, 4 })
        {
            rows.Add(image.Image);
            for (ulong k = 0; k < 3; k++)
                rows.Add((await pipeline.GenerateAsync(document.Continue(stages, stages) with { Seed = 50 + k })).Image);
        }

        ImageFile.Write(Path.Combine(folder, "variations.png"), ImageGrid.Compose(rows, columns: 4, enlargement: 2));
    }
}
