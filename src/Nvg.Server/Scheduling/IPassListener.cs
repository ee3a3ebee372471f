using Nvg.Imaging;

namespace Nvg.Server.Scheduling;

/// <summary>Receives, on the worker's thread, the progress of its images.</summary>
internal interface IPassListener
{
    /// <summary>The computation of images has started.</summary>
    void Started(IReadOnlyList<int> images);

    /// <summary>Images have finished a stage.</summary>
    /// <param name="stage">i, from 0.</param>
    /// <param name="images">Each image with its structure map, and its preview if it asked for one.</param>
    void StageDone(int stage, IReadOnlyList<(int Image, int[] Structure, RgbImage? Preview)> images);

    /// <summary>An image is finished.</summary>
    void Completed(int image, GeneratedImage result);

    /// <summary>An image failed.</summary>
    void Failed(int image, Exception error);
}
