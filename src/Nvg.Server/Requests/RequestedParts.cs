using Nvg.Conditioning;
using Nvg.Control;

namespace Nvg.Server.Requests;

/// <summary>The parts of image sequences that a request specifies.</summary>
/// <param name="Given">The given part, or null for nothing.</param>
/// <param name="Surroundings">The region to regenerate and the image around it, or null.</param>
/// <param name="Structure">The structure that was drawn, or null.</param>
internal sealed record RequestedParts(PartialSequence? Given, KeptSurroundings? Surroundings, StructureMap? Structure);
