using Nvg.Imaging;

namespace Nvg;

/// <summary>Images that are computed together have finished a stage.</summary>
/// <param name="Progress">Progress of the request.</param>
/// <param name="Stage">The stage (i), from 0.</param>
/// <param name="Images">Indices of the images in the request.</param>
/// <param name="Previews">The image so far for each of these images; empty unless previews were requested.</param>
public sealed record StageCompleted(
    GenerationProgress Progress, int Stage, IReadOnlyList<int> Images, IReadOnlyList<RgbImage> Previews) : GenerationUpdate(Progress)
{
    /// <summary>The structure map of the stage for each of the images: L labels, row by row.</summary>
    public IReadOnlyList<IReadOnlyList<int>> Structures { get; init; } = [];

    /// <summary>The image so far. If several images are computed together, this is the first image of the batch.</summary>
    /// <exception cref="InvalidOperationException">No previews were requested.</exception>
    public RgbImage Preview => Previews.Count > 0
        ? Previews[0]
        : throw new InvalidOperationException("previews were not requested; pass previews: true");
}
