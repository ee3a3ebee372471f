using Nvg.Imaging;

namespace Nvg.Examples;

/// <summary>Images grow before one's eyes: each stage comes as a preview; unlike wishes share a request.</summary>
internal static class Previews
{
    public static async Task RunAsync(string model, string folder)
    {
        using NvgModel nvg = NvgModel.Load(model);
        using var pipeline = new NvgPipeline(nvg);
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var request = new GenerationRequest
        {
            Images = [new(0, 1), new(1, 2), new(2, 3) { Options = nvg.Config.Sampling with { Temperature = 0.7 } }],
            BatchSize = 2,
        };
        await foreach (GenerationUpdate update in pipeline.RunAsync(request, previews: true, cancellation.Token))
        {
            switch (update)
            {
                case StageCompleted stage:
                    for (int i = 0; i < stage.Previews.Count; i++)
                        ImageFile.Write(Path.Combine(folder, $"preview{stage.Images[i]}.png"), stage.Previews[i]);
                    Console.WriteLine($"{update.Share:P0}: stage {stage.Stage} of images {string.Join(", ", stage.Images)}");
                    break;
                case ImageCompleted image:
                    ImageFile.Write(Path.Combine(folder, $"image{image.Index}.png"), image.Image.Image);
                    break;
            }
        }
    }
}
