using Nvg.Control;
using Nvg.Granularity;
using Nvg.Imaging;

namespace Nvg.Examples;

/// <summary>The middle of an image is generated anew, in another class; the rest stays.</summary>
internal static class InPainting
{
    public static async Task RunAsync(string model, string folder)
    {
        using NvgModel nvg = NvgModel.Load(model);
        using var pipeline = new NvgPipeline(nvg);
        GeneratedImage before = await pipeline.GenerateAsync(new ImageRequest(Class: 0, Seed: 1));
        LatentGrid grid = before.Sequence.Grid;

        RegionMask middle = RegionMask.FromPositions(grid, [.. Enumerable.Range(0, grid.Length)
            .Select(l => Math.Abs(2 * (l / grid.Width) + 1 - grid.Height) < grid.Height / 2 && Math.Abs(2 * (l % grid.Width) + 1 - grid.Width) < grid.Width / 2)]);
        GeneratedImage after = await pipeline.GenerateAsync(new ImageRequest(Class: 1, Seed: 2)
        {
            // Outside everything is given; inside the first stage, which is the tone of the whole.
            Given = middle.Keep(before.Sequence, structureStages: 1, contentStages: 1),
            Surroundings = new KeptSurroundings(middle, before.Image),
        });

        RegionChange change = RegionChange.Between(before.Image, after.Image, middle);
        Console.WriteLine($"mean change inside {change.MeanInside:F1}, outside {change.MeanOutside:F2} of 255");
        ImageFile.Write(Path.Combine(folder, "in-painting.png"), ImageGrid.Compose([before.Image, after.Image], enlargement: 4));
    }
}
