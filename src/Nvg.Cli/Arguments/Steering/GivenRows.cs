using Nvg.Conditioning;
using Nvg.Control;

namespace Nvg.Cli.Arguments.Steering;

/// <summary>Structure and content that the command line specifies for images, in one or several rows.</summary>
/// <param name="Rows">For each row, its name (null if there is only one row) and the parts given for its images.</param>
/// <param name="Plan">The structure made from a drawing, or null.</param>
/// <param name="Surroundings">The region to regenerate and the image around it, or null for the whole image.</param>
internal sealed record GivenRows(
    IReadOnlyList<(string? Variant, PartialSequence? Given)> Rows, StructureMap? Plan, KeptSurroundings? Surroundings);
