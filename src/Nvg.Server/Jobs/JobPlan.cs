using Nvg.Control;
using Nvg.Server.Models;

namespace Nvg.Server.Jobs;

/// <summary>What a job computes: a request that has been read and checked.</summary>
internal sealed record JobPlan
{
    internal required ServedModel Model { get; init; }

    internal required IReadOnlyList<ImageRequest> Images { get; init; }

    /// <summary>The structure that images follow, where one was drawn.</summary>
    internal StructureMap? Structure { get; init; }

    /// <summary>The region that is generated anew, where a mask was given.</summary>
    internal KeptSurroundings? Region { get; init; }

    /// <summary>Sentences for people.</summary>
    internal IReadOnlyList<string> Notes { get; init; } = [];

    internal bool Previews { get; init; }

    internal bool Detached { get; init; }

    internal required TimeSpan Deadline { get; init; }
}
