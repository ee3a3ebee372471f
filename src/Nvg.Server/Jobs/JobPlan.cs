using Nvg.Control;
using Nvg.Server.Models;

namespace Nvg.Server.Jobs;

/// <summary>The work of a job: a request that has been read and checked.</summary>
internal sealed record JobPlan
{
    internal required ServedModel Model { get; init; }

    internal required IReadOnlyList<ImageRequest> Images { get; init; }

    /// <summary>The structure that images follow, or null if none was drawn.</summary>
    internal StructureMap? Structure { get; init; }

    /// <summary>The region to regenerate, or null without a mask.</summary>
    internal KeptSurroundings? Region { get; init; }

    /// <summary>Notes for the user, one sentence each.</summary>
    internal IReadOnlyList<string> Notes { get; init; } = [];

    internal bool Previews { get; init; }

    internal bool Detached { get; init; }

    internal required TimeSpan Deadline { get; init; }
}
