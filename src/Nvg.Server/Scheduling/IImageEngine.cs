using Nvg.Imaging;

namespace Nvg.Server.Scheduling;

/// <summary>Computes the images of a pass.</summary>
internal interface IImageEngine
{
    /// <summary>Computes images together, on the calling thread.</summary>
    /// <param name="pass">At least one image; all images have the same key.</param>
    /// <param name="onStage">
    /// Called after each stage with the structure map of every image, and with previews of the images that want them.
    /// </param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    /// <returns>The images in the order of the pass.</returns>
    /// <exception cref="OperationCanceledException">The pass was cancelled.</exception>
    IReadOnlyList<GeneratedImage> Run(
        IReadOnlyList<ImageTask> pass, Action<int, int[][], IReadOnlyList<RgbImage?>> onStage, CancellationToken cancellation);
}
