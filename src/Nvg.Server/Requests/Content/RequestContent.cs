using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Nvg.Configuration;

namespace Nvg.Server.Requests.Content;

/// <summary>The body of a request: JSON, text fields of a form, and files.</summary>
/// <param name="Json">The JSON in UTF-8, or null if there is none.</param>
/// <param name="Fields">Text fields of a form.</param>
/// <param name="Files">Files in the order of the request.</param>
internal sealed record RequestContent(byte[]? Json, IReadOnlyDictionary<string, string> Fields, IReadOnlyList<UploadedFile> Files)
{
    /// <summary>The JSON as an object; an empty object if there is none.</summary>
    /// <exception cref="RequestException">The JSON is not valid, or has unknown fields or wrong types.</exception>
    internal T Read<T>()
        where T : new()
    {
        if (Json is null)
            return new T();
        try
        {
            JsonText.RequireText(Json);
            return JsonSerializer.Deserialize(Json, (JsonTypeInfo<T>)ServerJson.Options.GetTypeInfo(typeof(T)))
                ?? throw RequestException.Field400(null, "the JSON is null, but must be an object");
        }
        catch (JsonException error)
        {
            string? path = error.Path is { Length: > 2 } inside ? inside[2..] : null;
            throw RequestException.Field400(path, JsonProblem.Describe(error, "field"), error);
        }
        catch (Exception error) when (error is InvalidOperationException or FormatException or OverflowException)
        {
            throw RequestException.Field400(null, "the JSON holds a value of the wrong type or size", error);
        }
    }

    /// <summary>Throws if a file has a part name that is not read.</summary>
    /// <exception cref="RequestException">There is such a file.</exception>
    internal void RequireParts(params ReadOnlySpan<string> names)
    {
        foreach (UploadedFile file in Files)
        {
            if (!names.Contains(file.Part))
                throw RequestException.Field400(file.Part,
                    $"unexpected file '{file.Part}'; use {string.Join(", ", names.ToArray())}");
        }
    }

    /// <summary>The files of a part.</summary>
    internal IEnumerable<byte[]> FilesOf(string part) => Files.Where(f => f.Part == part).Select(f => f.Bytes);

    /// <summary>The only file of a part, or null.</summary>
    /// <exception cref="RequestException">There are several.</exception>
    internal byte[]? FileOf(string part) => FilesOf(part).ToArray() switch
    {
        [] => null,
        [var only] => only,
        _ => throw RequestException.Field400(part, $"only one file '{part}' is allowed"),
    };
}
