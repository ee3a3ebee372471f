using Nvg.Imaging;

namespace Nvg;

/// <summary>Images that are computed together have finished a stage.</summary>
/// <param name="Progress">How far the request has come.</param>
/// <param name="Stage">i, from 0.</param>
/// <param name="Images">Indices of the images in the request.</param>
/// <param name="Previews">For each of them the image so far; empty unless previews were requested.</param>
public sealed record StageCompleted(
    GenerationProgress Progress, int Stage, IReadOnlyList<int> Images, IReadOnlyList<RgbImage> Previews) : GenerationUpdate(Progress)
{
    /// <summary>For each of the images the structure map of the stage: L labels, row by row.</summary>
    public IReadOnlyList<IReadOnlyList<int>> Structures { get; init; } = [];

    /// <summary>The image so far, of a request for one image; of several, that of the first of the batch.</summary>
    /// <exception cref="InvalidOperationException">No previews were requested.</exception>
    public RgbImage Preview => Previews.Count > 0
        ? Previews[0]
        : throw new InvalidOperationException("there are no previews: ask for them with previews: true");
}
