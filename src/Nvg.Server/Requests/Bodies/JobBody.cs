using System.Text.Json;

namespace Nvg.Server.Requests.Bodies;

/// <summary>A request for images in the native API. docs/serving.md describes every field.</summary>
internal sealed record JobBody
{
    public string? Model { get; init; }

    /// <summary>Name or number of a class, an array of them, or "random".</summary>
    public JsonElement? Class { get; init; }

    public int? Count { get; init; }

    /// <summary>A number, or a string of digits.</summary>
    public JsonElement? Seed { get; init; }

    public IReadOnlyList<JsonElement>? Seeds { get; init; }

    public TargetBody? To { get; init; }

    public StructureBody? Structure { get; init; }

    public string? Construction { get; init; }

    public ReferenceBody? Reference { get; init; }

    public KeepBody? Keep { get; init; }

    public MaskBody? Mask { get; init; }

    public SamplingBody? Sampling { get; init; }

    public bool Previews { get; init; } = true;

    public bool Detached { get; init; }

    public double? Deadline { get; init; }
}
