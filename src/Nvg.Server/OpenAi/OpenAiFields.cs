using System.Globalization;
using System.Text;
using System.Text.Json;
using Nvg.Server.Requests.Content;

namespace Nvg.Server.OpenAi;

/// <summary>
/// The fields of a request, from JSON or from a form. Fields that are not read are ignored; wrong types are errors.
/// </summary>
internal sealed class OpenAiFields
{
    private readonly Dictionary<string, JsonElement> _json = [];
    private readonly IReadOnlyDictionary<string, string> _form;

    private OpenAiFields(IReadOnlyDictionary<string, string> form) => _form = form;

    /// <summary>Reads the fields of a body.</summary>
    /// <exception cref="RequestException">The JSON is invalid or not an object.</exception>
    internal static OpenAiFields Read(RequestContent content)
    {
        var fields = new OpenAiFields(content.Fields);
        if (content.Json is null)
            return fields;
        try
        {
            JsonText.RequireText(content.Json);
            JsonElement root = JsonSerializer.Deserialize<JsonElement>(content.Json, ServerJson.Options);
            if (root.ValueKind != JsonValueKind.Object)
                throw RequestException.Field400(null, "the body must be a JSON object");
            foreach (JsonProperty property in root.EnumerateObject())
                fields._json[property.Name] = property.Value;
            return fields;
        }
        catch (JsonException error)
        {
            throw RequestException.Field400(null, "the body is not valid JSON", error);
        }
    }

    internal string? Text(string name) => Element(name) is not { } value ? _form.GetValueOrDefault(name)
        : value.ValueKind == JsonValueKind.String ? value.GetString() : throw Wrong(name, "a string");

    internal int? Number(string name, int least, int most)
    {
        int number = 0;
        bool isNumber = Element(name) is { } value ? value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out number)
            : _form.TryGetValue(name, out string? text)
                ? int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number)
                : IsMissing();
        return !isNumber && !IsThere(name) ? null
            : isNumber && number >= least && number <= most ? number : throw Wrong(name, $"a whole number from {least} to {most}");

        static bool IsMissing() => false;
    }

    internal bool Flag(string name)
    {
        if (Element(name) is { } value)
            return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Wrong(name, "true or false");
        return _form.TryGetValue(name, out string? text)
            && (bool.TryParse(text, out bool flag) ? flag : throw Wrong(name, "true or false"));
    }

    /// <summary>One of the given words, or null.</summary>
    internal string? Word(string name, params ReadOnlySpan<string> words) => Text(name) is not { } text ? null
        : words.Contains(text) ? text : throw Wrong(name, $"one of {string.Join(", ", words.ToArray())}");

    /// <summary>A value of any type; in a form, JSON or, if it is not JSON, a string.</summary>
    internal JsonElement? Any(string name)
    {
        if (Element(name) is { } value)
            return value;
        return _form.TryGetValue(name, out string? text) ? JsonSerializer.SerializeToElement(text) : null;
    }

    /// <summary>An object with known fields; in a form, its JSON as text.</summary>
    /// <exception cref="RequestException">The object has unknown fields or wrong types.</exception>
    internal T Object<T>(string name)
        where T : new()
    {
        byte[]? json = Element(name) is { } value ? Encoding.UTF8.GetBytes(value.GetRawText())
            : _form.TryGetValue(name, out string? text) ? Encoding.UTF8.GetBytes(text) : null;
        try
        {
            return new RequestContent(json, _form, []).Read<T>();
        }
        catch (RequestException error)
        {
            throw new RequestException(error.Status, error.Message, error) { Field = error.Field is { } field ? $"{name}.{field}" : name };
        }
    }

    private bool IsThere(string name) => Element(name) is not null || _form.ContainsKey(name);

    private JsonElement? Element(string name) =>
        _json.TryGetValue(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static RequestException Wrong(string name, string expected) => RequestException.Field400(name, $"'{name}' must be {expected}");
}
