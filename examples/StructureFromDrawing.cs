using Nvg.Imaging;

namespace Nvg.Examples;

/// <summary>A drawing becomes the layout of images.</summary>
internal static class StructureFromDrawing
{
    public static async Task RunAsync(string modelFolder, string folder)
    {
        await using NvgModel model = await NvgModel.LoadAsync(modelFolder);

        // Any number of regions of any size. Clusters have equal sizes, so the map records which positions had to move.
        StructureMap layout = model.Structure.FromDrawing(Hill(side: 64), stages: 3);
        layout.Draw().Save(Path.Combine(folder, "drawing-explained.png"));
        for (int i = 0; i < layout.Stages.Count; i++)
            Console.WriteLine($"stage {i}: {layout.Stages[i].Moved.Count(moved => moved)} of {layout.Grid.Length} positions moved");

        ImageRequest[] requests = [.. Enumerable.Range(0, 4).Select(k => new ImageRequest("highway", (ulong)k) { Structure = layout })];
        IReadOnlyList<GeneratedImage> images = await model.GenerateAsync(new GenerationRequest { Images = requests });
        ImageGrid.Compose([.. images.Select(image => image.Image)], enlargement: 4).Save(Path.Combine(folder, "drawing.png"));
    }

    // Red hill, blue sky, white sun.
    private static RgbImage Hill(int side)
    {
        var image = new RgbImage(side, side);
        for (int y = 0; y < side; y++)
        {
            for (int x = 0; x < side; x++)
            {
                bool sun = (x - 48) * (x - 48) + (y - 14) * (y - 14) < 80, hill = y > 40 - 18 * Math.Sin(x * Math.PI / side);
                byte[] colour = sun ? [255, 255, 255] : hill ? [200, 40, 40] : [40, 40, 200];
                colour.CopyTo(image.Row(y)[(3 * x)..]);
            }
        }

        return image;
    }
}
