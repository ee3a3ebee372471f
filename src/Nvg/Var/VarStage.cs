using Nvg.Imaging;

namespace Nvg.Var;

/// <summary>Images that are computed together have finished a scale.</summary>
/// <param name="Progress">Progress of the request.</param>
/// <param name="Scale">Zero-based index of the scale.</param>
/// <param name="Images">Indices of the images in the request.</param>
/// <param name="Previews">The image so far for each of these images.</param>
public sealed record VarStage(GenerationProgress Progress, int Scale, IReadOnlyList<int> Images, IReadOnlyList<RgbImage> Previews);
