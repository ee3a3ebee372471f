using System.Text.Json;
using System.Text.Json.Nodes;

namespace Nvg.Configuration;

/// <summary>Settings from an optional JSON file, with single values overridden by <c>key=value</c>.</summary>
internal static class SettingsOverrides
{
    private const string SchemaKey = "$schema";

    private static readonly JsonDocumentOptions Lenient = new()
    {
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        AllowDuplicateProperties = false,
    };

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Reads settings.</summary>
    /// <typeparam name="T">Their type.</typeparam>
    /// <param name="path">A JSON file, or null to use only the overrides.</param>
    /// <param name="overrides">For example <c>training.steps=1000</c>. A value that is not JSON is taken as text.</param>
    /// <exception cref="JsonException">The file or an override does not fit the settings.</exception>
    /// <exception cref="NvgDataException">The file cannot be read, or an override is malformed.</exception>
    internal static T Read<T>(string? path, IReadOnlyList<string> overrides)
    {
        JsonNode? root = path is null ? new JsonObject()
            : JsonNode.Parse(FileFailure.Reading(path, () => File.ReadAllText(path)), documentOptions: Lenient);
        if (root is not JsonObject settings)
            throw NvgDataException.At(path!, root is null ? "is empty" : "is not a JSON object with settings");
        // This key only points editors to the schema of the settings.
        settings.Remove(SchemaKey);
        return Replace<T>(settings, overrides);
    }

    /// <summary>Returns settings with single values replaced.</summary>
    /// <exception cref="JsonException">An override does not fit the settings.</exception>
    /// <exception cref="NvgDataException">An override is malformed.</exception>
    internal static T Apply<T>(T settings, IReadOnlyList<string> overrides) =>
        Replace<T>(JsonSerializer.SerializeToNode(settings, NvgJson.Options)!.AsObject(), overrides);

    private static T Replace<T>(JsonObject settings, IReadOnlyList<string> overrides)
    {
        foreach (string assignment in overrides)
            Override(settings, assignment);
        return settings.Deserialize<T>(NvgJson.Options)!;
    }

    private static void Override(JsonObject root, string assignment)
    {
        int equals = assignment.IndexOf('=', StringComparison.Ordinal);
        if (equals < 1)
            throw new NvgDataException($"'{assignment}' is not of the form key=value");
        string[] keys = assignment[..equals].Split('.');
        JsonObject node = root;
        foreach (string key in keys[..^1])
        {
            if (node[key] is null)
                node[key] = new JsonObject();
            node = node[key] as JsonObject ?? throw new NvgDataException($"'{assignment}': {key} is not a group of settings");
        }

        node[keys[^1]] = Value(assignment[(equals + 1)..]);
    }

    private static JsonNode? Value(string text)
    {
        try
        {
            return JsonNode.Parse(text, documentOptions: Strict);
        }
        catch (JsonException)
        {
            return JsonValue.Create(text);
        }
    }
}
