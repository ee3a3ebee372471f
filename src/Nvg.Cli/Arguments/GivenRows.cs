using Nvg.Conditioning;
using Nvg.Control;

namespace Nvg.Cli.Arguments;

/// <summary>What the command line gives of the images, for each row of images another part.</summary>
/// <param name="Rows">What tells a row from others, or null, and what is given of its images.</param>
/// <param name="Plan">The structure that was given, or null.</param>
/// <param name="Surroundings">The region that is generated anew and the image around it, or null for the whole image.</param>
internal sealed record GivenRows(IReadOnlyList<(string? Variant, PartialSequence? Given)> Rows, StructureMap? Plan, KeptSurroundings? Surroundings);
