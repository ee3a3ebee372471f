using System.Text.Json;

namespace Nvg.Server.Requests.Bodies;

/// <summary>Structure to follow, from one source.</summary>
internal sealed record StructureBody
{
    public StructureSource? Kind { get; init; }

    public int? Stages { get; init; }

    /// <summary>Base64, or data URLs.</summary>
    public IReadOnlyList<string>? Images { get; init; }

    /// <summary>Rows of region numbers.</summary>
    public int[][]? Labels { get; init; }

    /// <summary>Rows of numbers 0…255, or several such arrays.</summary>
    public JsonElement? Brightness { get; init; }

    /// <summary>Finished structure maps, L labels each.</summary>
    public int[][]? Maps { get; init; }
}
