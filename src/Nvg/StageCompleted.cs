using Nvg.Imaging;

namespace Nvg;

/// <summary>Images that are computed together have finished a stage.</summary>
/// <param name="Share">Share of the whole request that is done.</param>
/// <param name="Stage">i, from 0.</param>
/// <param name="Images">Places of the images in the request.</param>
/// <param name="Previews">The images as they are so far, with their surroundings put back, or none where none were asked for.</param>
public sealed record StageCompleted(double Share, int Stage, IReadOnlyList<int> Images, IReadOnlyList<RgbImage> Previews) : GenerationUpdate(Share);
