using Nvg.Checkpoints;
using Nvg.Control;
using Nvg.Rendering;

namespace Nvg.Examples;

/// <summary>Pictures grow before one's eyes: each stage comes as a preview; unlike wishes share a request.</summary>
internal static class Previews
{
    public static async Task RunAsync(string model, string folder)
    {
        using NvgModel nvg = NvgModel.Load(model);
        using var pipeline = new NvgPipeline(nvg);
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var request = new GenerationRequest
        {
            Pictures = [new(0, 1), new(1, 2), new(2, 3) { Options = nvg.Config.Sampling with { Temperature = 0.7 } }],
            BatchSize = 2,
        };
        await foreach (PipelineUpdate update in pipeline.RunAsync(request, previews: true, cancellation.Token))
        {
            switch (update)
            {
                case StageUpdate stage:
                    for (int i = 0; i < stage.Previews.Count; i++)
                        PictureFile.Write(Path.Combine(folder, $"preview{stage.Pictures[i]}.png"), stage.Previews[i]);
                    Console.WriteLine($"{update.Share:P0}: stage {stage.Stage} of pictures {string.Join(", ", stage.Pictures)}");
                    break;
                case PictureUpdate picture:
                    PictureFile.Write(Path.Combine(folder, $"picture{picture.Index}.png"), picture.Picture.Picture);
                    break;
            }
        }
    }
}
