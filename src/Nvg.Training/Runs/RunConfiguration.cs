using System.Text.Json;
using System.Text.Json.Nodes;
using Nvg.Configuration;
using Nvg.Torch.Files;

namespace Nvg.Training.Runs;

/// <summary>Reads the settings of runs from JSON files; single values can be overridden with <c>key=value</c>.</summary>
public static class RunConfiguration
{
    private static readonly JsonDocumentOptions Lenient = new()
    {
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        AllowDuplicateProperties = false,
    };

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Reads the settings of a run.</summary>
    /// <typeparam name="T">An <see cref="IRunConfiguration{TSelf}"/>.</typeparam>
    /// <param name="path">A JSON file.</param>
    /// <param name="overrides">Overrides such as <c>training.steps=1000</c>. A value that is not JSON is taken as text.</param>
    /// <exception cref="NvgDataException">The file or an override cannot be used; the message names the key.</exception>
    public static T Read<T>(string path, IReadOnlyList<string> overrides)
    {
        try
        {
            JsonNode root = JsonNode.Parse(File.ReadAllText(path), documentOptions: Lenient)
                ?? throw NvgDataException.At(path, "is empty");
            if (root is not JsonObject settings)
                throw NvgDataException.At(path, "is not a JSON object with settings");
            foreach (string assignment in overrides)
                Override(settings, assignment);
            return root.Deserialize<T>(NvgJson.Options) ?? throw NvgDataException.At(path, "is empty");
        }
        catch (JsonException error)
        {
            throw new NvgDataException($"{SourceOf(error, path, overrides)}: {JsonProblem.Describe(error)}", error);
        }
        catch (Exception error) when (FileFailure.IsFileError(error))
        {
            throw FileFailure.Unreadable(path, error);
        }
    }

    /// <summary>Writes the settings of a run, including overrides.</summary>
    public static void Write<T>(string path, T settings) =>
        AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, settings, NvgJson.Options));

    // What gave the value that cannot be used: the last override of its key, or the file.
    private static string SourceOf(JsonException error, string path, IReadOnlyList<string> overrides)
    {
        string key = error.Path is ['$', '.', .. var rest] ? rest : "";
        string? given = overrides.LastOrDefault(o => KeyOf(o) is var set && (set == key || key.StartsWith(set + '.', StringComparison.Ordinal)));
        return given is null ? path : $"--set {given}";
    }

    private static string KeyOf(string assignment) => assignment[..Math.Max(assignment.IndexOf('=', StringComparison.Ordinal), 0)];

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
