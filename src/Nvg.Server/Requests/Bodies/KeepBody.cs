using System.Text.Json;

namespace Nvg.Server.Requests.Bodies;

/// <summary>The stages of a reference that are kept.</summary>
internal sealed record KeepBody
{
    public int? Structure { get; init; }

    /// <summary>A number of stages, or an array of stages.</summary>
    public JsonElement? Content { get; init; }
}
