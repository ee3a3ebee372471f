using System.Text.Json;

namespace Nvg.Server.Requests.Bodies;

/// <summary>The end of an interpolation.</summary>
internal sealed record TargetBody
{
    public JsonElement? Class { get; init; }

    public JsonElement? Seed { get; init; }

    public double? Share { get; init; }
}
