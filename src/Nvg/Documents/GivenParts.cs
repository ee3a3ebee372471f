using Nvg.Conditioning;
using Nvg.Control;

namespace Nvg.Documents;

/// <summary>What images are given that continue from another one.</summary>
/// <param name="Sequence">The given part of their sequences.</param>
/// <param name="Surroundings">The region that is generated anew and the image around it, or null for the whole image.</param>
internal sealed record GivenParts(PartialSequence Sequence, KeptSurroundings? Surroundings);
