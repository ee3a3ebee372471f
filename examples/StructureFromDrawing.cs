using Nvg.Control;
using Nvg.Granularity;
using Nvg.Imaging;

namespace Nvg.Examples;

/// <summary>A shape drawn by hand becomes the layout of images.</summary>
internal static class StructureFromDrawing
{
    public static async Task RunAsync(string model, string folder)
    {
        using NvgModel nvg = NvgModel.Load(model);
        using var pipeline = new NvgPipeline(nvg);
        LatentGrid grid = nvg.Tokenizer.Config.Grid;

        // Regions of any number and size; the plan says what balance made of them.
        StructurePlan plan = StructureInput.FromRegions(Hill(64), grid, stages: 3);
        ImageFile.Write(Path.Combine(folder, "drawing-plan.png"), plan.Draw());

        ImageRequest[] images = [.. Enumerable.Range(0, 4).Select(k => new ImageRequest(0, (ulong)k) { Given = plan.ToSequence() })];
        IReadOnlyList<GeneratedImage> drawn = await pipeline.GenerateAsync(new GenerationRequest { Images = images, BatchSize = 4 });
        ImageFile.Write(Path.Combine(folder, "drawing.png"), ImageGrid.Compose([.. drawn.Select(p => p.Image)], enlargement: 4));
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
