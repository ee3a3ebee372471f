using Nvg.Checkpoints;
using Nvg.Control;
using Nvg.Rendering;

namespace Nvg.Examples;

/// <summary>A result is saved, read again, continued exactly, and varied from a stage on.</summary>
internal static class ContinueResult
{
    public static async Task RunAsync(string model, string folder)
    {
        using NvgModel nvg = NvgModel.Load(model);
        using var pipeline = new NvgPipeline(nvg);
        GeneratedPicture picture = await pipeline.GenerateAsync(new RequestedPicture(Class: 2, Seed: 11));
        string file = Path.Combine(folder, "result.nvg");
        PictureDocument.Of(nvg, nvg.Fingerprint(), picture).Write(file);

        PictureDocument document = PictureDocument.Read(file);
        document.RequireModel(file, nvg, nvg.Fingerprint());
        GeneratedPicture again = await pipeline.GenerateAsync(document.Continue(structureStages: 3, contentStages: 3));
        Console.WriteLine(again.Picture.Pixels.SequenceEqual(picture.Picture.Pixels) ? "the same picture, bit by bit" : "another picture");

        // Variations: the later they begin, the more they are alike.
        var rows = new List<RgbImage>();
        foreach (int stages in new[] { 1, 2, 3, 4 })
        {
            rows.Add(picture.Picture);
            for (ulong k = 0; k < 3; k++)
                rows.Add((await pipeline.GenerateAsync(document.Continue(stages, stages) with { Seed = 50 + k })).Picture);
        }

        PictureFile.Write(Path.Combine(folder, "variations.png"), PictureGrid.Compose(rows, columns: 4, enlargement: 2));
    }
}
