namespace Nvg.Control;

/// <summary>What was asked for of one stage's structure, and what it became.</summary>
/// <param name="Asked">What was asked for of each position: the label that its brightness asks for, or the number of its region, which is any.</param>
/// <param name="Used">Label of each position in the balanced map.</param>
/// <param name="Moved">Whether balance moved the position away from where it was asked to be.</param>
public sealed record StructureStage(IReadOnlyList<int> Asked, IReadOnlyList<int> Used, IReadOnlyList<bool> Moved);
