using System.Text.Json;
using Nvg.Server.Requests.Bodies;

namespace Nvg.Server.Requests;

/// <summary>Which stages of a reference are kept.</summary>
/// <param name="Structure">Number of first stages whose structure is kept; null if not specified.</param>
/// <param name="Content">Stages whose content is kept, ascending.</param>
internal sealed record KeptParts(int? Structure, IReadOnlyList<int> Content)
{
    /// <summary>Reads the field <c>keep</c>.</summary>
    /// <exception cref="RequestException">A stage or a number of stages does not exist in the model.</exception>
    internal static KeptParts? Read(KeepBody? body, int stages)
    {
        if (body is null)
            return null;
        if (body.Structure is < 0 || body.Structure > stages)
            throw Wrong("keep.structure", $"'keep.structure' must be a number of stages from 0 to {stages}");
        int[] content = body.Content is { } value ? Stages(value, stages) : [];
        if (body.Structure is { } structure && content.Length > 0 && content[^1] >= structure)
            throw Wrong("keep.content",
                $"content of stage {content[^1]} is kept only where its structure is: keep.structure is {structure}");
        return new KeptParts(body.Structure, content);
    }

    /// <summary>Number of stages up to the last one whose content is kept.</summary>
    internal int ContentStages => Content.Count > 0 ? Content[^1] + 1 : 0;

    private static int[] Stages(JsonElement value, int stages)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int count) && count >= 0 && count <= stages)
            return [.. Enumerable.Range(0, count)];
        if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() <= stages
            && value.EnumerateArray()
                .All(v => v.ValueKind == JsonValueKind.Number && v.TryGetInt32(out int stage) && stage >= 0 && stage < stages))
            return [.. value.EnumerateArray().Select(v => v.GetInt32()).Distinct().Order()];
        throw Wrong("keep.content", $"'keep.content' must be a number of stages from 0 to {stages}, or an array of stages below {stages}");
    }

    private static RequestException Wrong(string field, string message) => RequestException.Field400(field, message);
}
