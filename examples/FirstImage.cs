using Nvg.Imaging;

namespace Nvg.Examples;

/// <summary>One image of each of the first classes.</summary>
internal static class FirstImage
{
    public static async Task RunAsync(string model, string folder)
    {
        using NvgModel nvg = NvgModel.Load(model);
        using var pipeline = new NvgPipeline(nvg);
        var request = new GenerationRequest { Images = GenerationRequest.OfClasses([0, 1, 2], count: 1, seed: 7), BatchSize = 3 };
        IReadOnlyList<GeneratedImage> images = await pipeline.GenerateAsync(request);
        ImageFile.Write(Path.Combine(folder, "first.png"), ImageGrid.Compose([.. images.Select(p => p.Image)], enlargement: 4));
    }
}
