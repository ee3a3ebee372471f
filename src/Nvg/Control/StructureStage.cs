namespace Nvg.Control;

/// <summary>One stage of a structure map: what was asked for, and what is used.</summary>
/// <param name="Asked">Per position, the label that its brightness asks for or the number of its region, which may be any number.</param>
/// <param name="Used">Per position, its label in the balanced map.</param>
/// <param name="Moved">Per position, whether balancing moved it away from what was asked for.</param>
public sealed record StructureStage(IReadOnlyList<int> Asked, IReadOnlyList<int> Used, IReadOnlyList<bool> Moved)
{
    /// <summary>
    /// Whether the drawing or image has one tone only, so that the clusters are halved by position and not by anything that was drawn.
    /// </summary>
    public bool IsByPosition { get; init; }
}
