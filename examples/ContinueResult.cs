using Nvg.Documents;
using Nvg.Imaging;

namespace Nvg.Examples;

/// <summary>A result is saved with its sequence, read again, continued exactly, and varied from a stage on.</summary>
internal static class ContinueResult
{
    public static async Task RunAsync(string modelFolder, string folder)
    {
        await using NvgModel model = await NvgModel.LoadAsync(modelFolder);
        GeneratedImage image = await model.GenerateAsync("forest", seed: 11);
        string file = Path.Combine(folder, "result.nvg");
        ImageDocument.Of(model, model.Fingerprint(), image).Write(file);

        ImageDocument document = ImageDocument.Read(file);
        document.RequireModel(file, model, model.Fingerprint());
        GeneratedImage again = await model.GenerateAsync(document.Continue(structureStages: 3, contentStages: 3));
        Console.WriteLine(again.Image.Pixels.SequenceEqual(image.Image.Pixels) ? "the same image, byte for byte" : "another image");

        // The more stages are kept, the more similar the variations are.
        var rows = new List<RgbImage>();
        foreach (int stages in new[] { 1, 2, 3, 4 })
        {
            rows.Add(image.Image);
            for (ulong k = 0; k < 3; k++)
                rows.Add((await model.GenerateAsync(document.Continue(stages, stages) with { Seed = 50 + k })).Image);
        }

        ImageGrid.Compose(rows, columns: 4, enlargement: 2).Save(Path.Combine(folder, "variations.png"));
    }
}
