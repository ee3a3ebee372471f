using Nvg.Imaging;

namespace Nvg.Var;

/// <summary>Images that are computed together have finished a scale.</summary>
/// <param name="Progress">How far the request has come.</param>
/// <param name="Scale">From 0.</param>
/// <param name="Images">Indices of the images in the request.</param>
/// <param name="Previews">For each of them the image so far.</param>
public sealed record VarStage(GenerationProgress Progress, int Scale, IReadOnlyList<int> Images, IReadOnlyList<RgbImage> Previews);
