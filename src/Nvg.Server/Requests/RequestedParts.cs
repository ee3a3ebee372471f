using Nvg.Conditioning;
using Nvg.Control;

namespace Nvg.Server.Requests;

/// <summary>What a request gives of the sequences of its images.</summary>
/// <param name="Given">The given part, or null for nothing.</param>
/// <param name="Surroundings">The region that is generated anew and the image around it, or null.</param>
/// <param name="Structure">The structure that was drawn, or null.</param>
internal sealed record RequestedParts(PartialSequence? Given, KeptSurroundings? Surroundings, StructureMap? Structure);
