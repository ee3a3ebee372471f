using Nvg.Conditioning;
using Nvg.Control;

namespace Nvg.Cli.Arguments.Steering;

/// <summary>Structure and content that the command line gives to images, in one or several rows.</summary>
/// <param name="Rows">Name of each row, or null if there is only one, and what is given to its images.</param>
/// <param name="Plan">The structure made from a drawing, or null.</param>
/// <param name="Surroundings">The region to regenerate and the image around it, or null for the whole image.</param>
internal sealed record GivenRows(
    IReadOnlyList<(string? Variant, PartialSequence? Given)> Rows, StructureMap? Plan, KeptSurroundings? Surroundings);
