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
            throw new NvgDataException($"{path}: {JsonProblem.Describe(error)}", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw NvgDataException.At(path, "cannot be read", error.Message, error);
        }
    }

    /// <summary>Settings with overrides, for runs whose settings do not come from a file.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="overrides">Overrides such as <c>training.steps=1000</c>.</param>
    /// <exception cref="NvgDataException">An override cannot be used; the message names the key.</exception>
    internal static T With<T>(T settings, IReadOnlyList<string> overrides)
    {
        try
        {
            JsonObject root = JsonSerializer.SerializeToNode(settings, NvgJson.Options)!.AsObject();
            foreach (string assignment in overrides)
                Override(root, assignment);
            return root.Deserialize<T>(NvgJson.Options)!;
        }
        catch (JsonException error)
        {
            throw new NvgDataException($"--set: {JsonProblem.Describe(error)}", error);
        }
    }

    /// <summary>Writes the settings of a run, including overrides.</summary>
    public static void Write<T>(string path, T settings) =>
        AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, settings, NvgJson.Options));

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
