using Nvg.Rendering;

namespace Nvg.Control;

/// <summary>Pictures that are computed together have finished a stage.</summary>
/// <param name="Share">Share of the whole request that is done.</param>
/// <param name="Stage">i, from 0.</param>
/// <param name="Pictures">Places of the pictures in the request.</param>
/// <param name="Previews">The pictures as they are so far, with their surroundings put back, or none where none were asked for.</param>
public sealed record StageUpdate(double Share, int Stage, IReadOnlyList<int> Pictures, IReadOnlyList<RgbImage> Previews) : PipelineUpdate(Share);
