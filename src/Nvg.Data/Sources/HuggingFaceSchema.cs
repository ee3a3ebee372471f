using System.Text.Json;

namespace Nvg.Data.Sources;

/// <summary>
/// The information that Hugging Face's library stores in the metadata of a Parquet file: column types, including class names.
/// </summary>
internal static class HuggingFaceSchema
{
    private const string Key = "huggingface";

    /// <summary>The class names of a label column, by number; empty if the file does not contain them.</summary>
    /// <param name="metadata">Metadata of the file.</param>
    /// <param name="column">The label column.</param>
    internal static IReadOnlyList<string> ClassNames(IReadOnlyDictionary<string, string> metadata, string column)
    {
        if (!metadata.TryGetValue(Key, out string? text))
            return [];
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            JsonElement? names = document.RootElement;
            foreach (string key in (string[])["info", "features", column, "names"])
                names = names is { ValueKind: JsonValueKind.Object } inner && inner.TryGetProperty(key, out JsonElement next) ? next : null;
            return names is { ValueKind: JsonValueKind.Array } list
                ? [.. list.EnumerateArray().Select(name => name.ToString())]
                : [];
        }
        catch (JsonException)
        {
            return [];
        }
    }
}
