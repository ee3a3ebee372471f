using Nvg.Control;
using Nvg.Granularity;
using Nvg.Imaging;

namespace Nvg.Examples;

/// <summary>The middle of an image is regenerated in another class; everything around it stays.</summary>
internal static class InPainting
{
    public static async Task RunAsync(string modelFolder, string folder)
    {
        await using NvgModel model = await NvgModel.LoadAsync(modelFolder);
        GeneratedImage before = await model.GenerateAsync("highway", seed: 1);

        RegionMask middle = RegionMask.FromPositions(model.Grid, Middle(model.Grid));
        GeneratedImage after = await model.GenerateAsync(new ImageRequest("residential", Seed: 2)
        {
            // Outside, everything is given. Inside, only the first stage is given, which sets the tone of the whole image.
            Given = middle.Keep(before.Sequence, structureStages: 1, contentStages: 1),
            Surroundings = new KeptSurroundings(middle, before.Image),
        });

        RegionChange change = RegionChange.Between(before.Image, after.Image, middle);
        Console.WriteLine($"mean change inside {change.MeanInside:F1}, outside {change.MeanOutside:F2} of 255");
        ImageGrid.Compose([before.Image, after.Image], enlargement: 4).Save(Path.Combine(folder, "in-painting.png"));
    }

    private static bool[] Middle(LatentGrid grid) => [.. Enumerable.Range(0, grid.Length)
        .Select(l => IsMiddle(l / grid.Width, grid.Height) && IsMiddle(l % grid.Width, grid.Width))];

    private static bool IsMiddle(int place, int side) => place >= side / 4 && place < side - side / 4;
}
