using System.Text.Json;

namespace Nvg.Cli.Planning;

/// <summary>Finds the commands that a settings file may belong to, from the keys that distinguish the kinds of runs.</summary>
internal static class RunKind
{
    private static readonly JsonDocumentOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <summary>The commands after <c>nvg train</c>; none if the file is unreadable or could be of any kind.</summary>
    /// <param name="path">A settings file.</param>
    internal static string[] OfFile(string path)
    {
        try
        {
            using JsonDocument settings = JsonDocument.Parse(File.ReadAllBytes(path), Lenient);
            return settings.RootElement.ValueKind == JsonValueKind.Object ? Of(settings.RootElement) : [];
        }
        catch (Exception error) when (error is JsonException or IOException or UnauthorizedAccessException)
        {
            // A problem is reported when the settings are read.
            return [];
        }
    }

    private static string[] Of(JsonElement settings)
    {
        if (settings.TryGetProperty("classifier", out JsonElement classifier) && classifier.ValueKind == JsonValueKind.Object)
            return ["classifier"];
        if (!settings.TryGetProperty("tokenizer", out JsonElement tokenizer))
            return [];
        return tokenizer.ValueKind switch
        {
            // The settings of generators name the folder of their tokenizer.
            JsonValueKind.String => ["generator", "var"],
            JsonValueKind.Object => tokenizer.TryGetProperty("scales", out _) ? ["var-tokenizer"] : ["tokenizer"],
            _ => [],
        };
    }
}
