using Nvg.Control;
using Nvg.Granularity;

namespace Nvg.Cli.Commands;

/// <summary>What the command line gives of the pictures, for each row of pictures another part.</summary>
/// <param name="Rows">What tells a row from others, or null, and what is given of its pictures.</param>
/// <param name="Plan">The structure that was given, or null.</param>
/// <param name="Surroundings">The region that is generated anew and the picture around it, or null for the whole picture.</param>
internal sealed record GivenRows(IReadOnlyList<(string? Variant, PartialSequence? Given)> Rows, StructurePlan? Plan, KeptSurroundings? Surroundings);
