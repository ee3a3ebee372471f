namespace Nvg.Server.Requests.Bodies;

/// <summary>A request to explain a structure without generating images.</summary>
internal sealed record StructureRequestBody
{
    public string? Model { get; init; }

    public StructureBody? Structure { get; init; }

    public string? Construction { get; init; }
}
