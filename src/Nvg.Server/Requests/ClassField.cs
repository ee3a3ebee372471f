using System.Text.Json;
using Nvg.Labels;

namespace Nvg.Server.Requests;

/// <summary>Classes in JSON: a name or number, an array of them, or <c>random</c>.</summary>
internal static class ClassField
{
    internal const string Random = "random";

    private const int LongestName = 200;

    /// <summary>The numbers of the classes, or null for random classes.</summary>
    /// <exception cref="RequestException">The model has no such class.</exception>
    internal static IReadOnlyList<int>? ReadAll(JsonElement value, ClassNames names, int most)
    {
        // A class named "random" takes precedence over the keyword of the API.
        if (value.ValueKind == JsonValueKind.String && value.GetString() == Random && !names.TryFind(Random, out _))
            return null;
        if (value.ValueKind != JsonValueKind.Array)
            return [Read(value, names, "class")];
        int count = value.GetArrayLength();
        if (count < 1 || count > most)
            throw RequestException.Field400("class", $"'class' has {count} classes; 1 to {most} are accepted");
        return [.. value.EnumerateArray().Select(item => Read(item, names, "class")).Distinct()];
    }

    /// <summary>The number of a class.</summary>
    /// <exception cref="RequestException">The model has no such class.</exception>
    internal static int Read(JsonElement value, ClassNames names, string field)
    {
        string? text = value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Number => value.GetRawText(),
            _ => null,
        };
        if (text is not { Length: <= LongestName })
            throw RequestException.Field400(field, $"'{field}' must be the name or number of a class");
        try
        {
            return names.Find(text);
        }
        catch (ClassNameException error)
        {
            throw Unknown(error, field);
        }
    }

    /// <summary>The error for a name that the model does not know.</summary>
    internal static RequestException Unknown(ClassNameException error, string field) => new(400, error.Message, error)
    {
        Field = field,
        Suggestions = error.Matches.Count > 0 ? [.. error.Matches.Select(m => $"{m}")] : error.Suggestions,
    };
}
