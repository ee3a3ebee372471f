using System.Text.Json;
using System.Text.Json.Nodes;
using Nvg.Configuration;
using Nvg.Torch.Files;
using Nvg.Training.Tasks.Generators;
using Nvg.Training.Tasks.Tokenizers;

namespace Nvg.Training.Runs;

/// <summary>Reads the settings of runs from JSON files, with single values overridden by <c>key=value</c>.</summary>
public static class RunConfiguration
{
    private static readonly JsonDocumentOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, AllowDuplicateProperties = false };
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Settings of a run.</summary>
    /// <typeparam name="T"><see cref="TokenizerRunConfig"/> or <see cref="GeneratorRunConfig"/>.</typeparam>
    /// <param name="path">A JSON file.</param>
    /// <param name="overrides">Such as <c>training.steps=1000</c>; values are JSON, or text where they are not.</param>
    /// <exception cref="NvgDataException">File or override cannot be used; the message says which key.</exception>
    public static T Read<T>(string path, IReadOnlyList<string> overrides)
    {
        try
        {
            JsonNode root = JsonNode.Parse(File.ReadAllText(path), documentOptions: Lenient) ?? throw new NvgDataException($"{path} is empty");
            if (root is not JsonObject settings)
                throw new NvgDataException($"{path} holds no settings");
            foreach (string assignment in overrides)
                Override(settings, assignment);
            return root.Deserialize<T>(NvgJson.Options) ?? throw new NvgDataException($"{path} is empty");
        }
        catch (JsonException error)
        {
            throw new NvgDataException($"{path}: {JsonProblem.Describe(error)}", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new NvgDataException($"{path} cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Writes the settings that a run uses, overrides included.</summary>
    public static void Write<T>(string path, T settings) =>
        AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, settings, NvgJson.Options));

    private static void Override(JsonObject root, string assignment)
    {
        int equals = assignment.IndexOf('=', StringComparison.Ordinal);
        if (equals < 1)
            throw new NvgDataException($"'{assignment}' is no key=value");
        string[] keys = assignment[..equals].Split('.');
        JsonObject node = root;
        foreach (string key in keys[..^1])
        {
            if (node[key] is null)
                node[key] = new JsonObject();
            node = node[key] as JsonObject ?? throw new NvgDataException($"'{assignment}': {key} holds no settings");
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
