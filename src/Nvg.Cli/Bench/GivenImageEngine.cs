using Nvg.Imaging;
using Nvg.Server.Scheduling;

namespace Nvg.Cli.Bench;

/// <summary>Answers every request with an existing image, so that only the server takes time.</summary>
/// <param name="image">The image.</param>
internal sealed class GivenImageEngine(GeneratedImage image) : IImageEngine
{
    /// <inheritdoc/>
    public IReadOnlyList<GeneratedImage> Run(
        IReadOnlyList<ImageTask> pass, Action<int, int[][], IReadOnlyList<RgbImage?>> onStage, CancellationToken cancellation) =>
        [.. pass.Select(task => image with { Request = task.Request })];
}
