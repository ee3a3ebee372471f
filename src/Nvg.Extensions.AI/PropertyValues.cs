using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Nvg.Extensions.AI;

/// <summary>Reads additional properties. Numbers may be integers, floating-point numbers, text, or JSON.</summary>
/// <param name="properties">The properties, or null for none.</param>
internal sealed class PropertyValues(AdditionalPropertiesDictionary? properties)
{
    private const string Prefix = "nvg.";

    /// <summary>
    /// Throws if a property with the prefix of this library is unknown. Other properties may be meant for other components.
    /// </summary>
    /// <exception cref="ArgumentException">There is such a property.</exception>
    internal void RequireKnown(params ReadOnlySpan<string> names)
    {
        foreach (string key in properties?.Keys ?? [])
        {
            if (key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
                && !names.Contains(key[Prefix.Length..], StringComparer.OrdinalIgnoreCase))
                throw new ArgumentException($"there is no property '{key}'; known properties are {string.Join(", ", names.ToArray())}");
        }
    }

    internal string? Text(string name) => Find(name) switch
    {
        null => null,
        JsonElement { ValueKind: JsonValueKind.Null } => null,
        JsonElement { ValueKind: JsonValueKind.String } json => json.GetString(),
        JsonElement json => json.GetRawText(),
        IFormattable value => value.ToString(null, CultureInfo.InvariantCulture),
        object value => value.ToString(),
    };

    internal ulong? Seed(string name) => Parse<ulong>(name, "a whole number from 0", (text, out value) =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value));

    internal int? Integer(string name) => Parse<int>(name, "a whole number", (text, out value) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value));

    internal double? Number(string name) => Parse<double>(name, "a number", (text, out value) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value));

    private T? Parse<T>(string name, string expected, TryParse<T> parse)
        where T : struct =>
        Text(name) is not { } text ? null
            : parse(text, out T value) ? value
            : throw new ArgumentException($"the property '{name}' must be {expected}, it is '{text}'");

    private object? Find(string name) => properties is null ? null
        : properties.TryGetValue(name, out object? value) || properties.TryGetValue(Prefix + name, out value) ? value : null;

    private delegate bool TryParse<T>(string text, out T value);
}
