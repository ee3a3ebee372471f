using Nvg.Checkpoints;
using Nvg.Control;
using Nvg.Rendering;

namespace Nvg.Examples;

/// <summary>One picture of each of the first classes.</summary>
internal static class FirstPicture
{
    public static async Task RunAsync(string model, string folder)
    {
        using NvgModel nvg = NvgModel.Load(model);
        using var pipeline = new NvgPipeline(nvg);
        var request = new GenerationRequest { Pictures = GenerationRequest.OfClasses([0, 1, 2], count: 1, seed: 7), BatchSize = 3 };
        IReadOnlyList<GeneratedPicture> pictures = await pipeline.GenerateAsync(request);
        PictureFile.Write(Path.Combine(folder, "first.png"), PictureGrid.Compose([.. pictures.Select(p => p.Picture)], enlargement: 4));
    }
}
