namespace Nvg.Control;

/// <summary>One stage of a structure map: the requested and the balanced labels.</summary>
/// <param name="Asked">Per position, the label requested by its brightness, or the number of its region, which may be any integer.</param>
/// <param name="Used">Per position, its label in the balanced map.</param>
/// <param name="Moved">Per position, whether balancing moved it away from the request.</param>
public sealed record StructureStage(IReadOnlyList<int> Asked, IReadOnlyList<int> Used, IReadOnlyList<bool> Moved)
{
    /// <summary>
    /// Whether the drawing or image has only one tone, so the clusters are halved by position instead of by the drawing.
    /// </summary>
    public bool IsByPosition { get; init; }
}
