using Nvg.Control;
using Nvg.Granularity;

namespace Nvg.Cli.Commands;

/// <summary>What the command line gives of the pictures, for each row of pictures another part.</summary>
/// <param name="Rows">What tells a row from others, or null, and what is given of its pictures.</param>
/// <param name="Plan">The structure that was given, or null.</param>
/// <param name="Mask">The region that is generated anew, or null for the whole picture.</param>
/// <param name="Masked">The sequence that is kept outside of it.</param>
internal sealed record GivenRows(
    IReadOnlyList<(string? Variant, PartialSequence? Given)> Rows, StructurePlan? Plan, RegionMask? Mask, PartialSequence? Masked);
