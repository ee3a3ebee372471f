namespace Nvg.Control;

/// <summary>What was asked for of one stage's structure, and what it became.</summary>
/// <param name="Asked">Label of each position as it was asked for; −1 where nothing was.</param>
/// <param name="Used">Label of each position in the balanced map.</param>
/// <param name="Moved">Whether balance moved the position away from where it was asked to be.</param>
public sealed record StructureStage(IReadOnlyList<int> Asked, IReadOnlyList<int> Used, IReadOnlyList<bool> Moved);
