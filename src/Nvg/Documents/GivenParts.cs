using Nvg.Conditioning;
using Nvg.Control;

namespace Nvg.Documents;

/// <summary>The given parts of images that continue from another image.</summary>
/// <param name="Sequence">The given part of their sequences.</param>
/// <param name="Surroundings">The region that is regenerated and the image around it, or null for the whole image.</param>
internal sealed record GivenParts(PartialSequence Sequence, KeptSurroundings? Surroundings);
