using Nvg.Imaging;
using Nvg.Sampling;

namespace Nvg.Examples;

/// <summary>Several images in one request, with progress and cancellation, as a grid.</summary>
internal static class ManyImages
{
    public static async Task RunAsync(string modelFolder, string folder)
    {
        await using NvgModel model = await NvgModel.LoadAsync(modelFolder);
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var progress = new SynchronousProgress<GenerationProgress>(p => Console.Write($"\r{p.Done} of {p.Count}, {p.Share:P0}  "));

        SamplingOptions cooler = model.Config.Sampling with { Temperature = 0.7 };
        var request = new GenerationRequest
        {
            Images = [new("forest", 1), new("field", 2), new("sea", 3), new("river", 4) { Options = cooler }],
            BatchSize = 2,
        };
        IReadOnlyList<GeneratedImage> images = await model.GenerateAsync(request, progress, cancellation.Token);

        Console.WriteLine(string.Join(", ", images.Select(image => $"{image.Label} (class {image.Class}, seed {image.Request.Seed})")));
        ImageGrid.Compose([.. images.Select(image => image.Image)], enlargement: 4).Save(Path.Combine(folder, "images.png"));
    }
}
