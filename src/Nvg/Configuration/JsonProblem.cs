using System.Text.Json;
using System.Text.RegularExpressions;

namespace Nvg.Configuration;

/// <summary>Explains errors in JSON settings using setting names instead of type names.</summary>
internal static partial class JsonProblem
{
    /// <summary>Describes an error in one line: where it is and what is wrong.</summary>
    /// <param name="error">The error.</param>
    /// <param name="property">What the JSON's properties are called, such as <c>setting</c>.</param>
    internal static string Describe(JsonException error, string property = "setting")
    {
        string key = error.Path is { Length: > 2 } path && path.StartsWith("$.", StringComparison.Ordinal) ? path[2..] : "";
        string inside = key.Length > 0 ? $" in {key}" : "";
        string message = error.Message.ReplaceLineEndings(" ");
        if (Unknown().Match(message) is { Success: true } unknown)
        {
            string name = unknown.Groups["name"].Value;
            string parent = key == name ? "" : key.EndsWith($".{name}", StringComparison.Ordinal) ? key[..^(name.Length + 1)] : key;
            return $"there is no {property} '{name}'{(parent.Length > 0 ? $" in {parent}" : "")}";
        }

        // The reader's message describes the JSON grammar; the position helps more. The reader alone knows no path.
        if (error.InnerException is JsonException || error.Path is null)
            return $"invalid JSON at line {error.LineNumber + 1}, byte {error.BytePositionInLine + 1}";
        if (Missing().Match(message) is { Success: true } missing)
            return $"missing {property}s{inside}: {missing.Groups["names"].Value}";
        if (Conversion().Match(message) is { Success: true } conversion)
            return $"{(key.Length > 0 ? key : "the value")} must be {Kind(conversion.Groups["type"].Value)}";
        // Converters of single values know which values are allowed, but not where they are used.
        return message.StartsWith("must ", StringComparison.Ordinal) ? $"{(key.Length > 0 ? key : "the value")} {message}" : message;
    }

    private static string Kind(string type)
    {
        if (type.Contains("List`1", StringComparison.Ordinal))
            return "a list";
        return type.Split('.', '[', ']').Last(part => part.Length > 0) switch
        {
            "Int32" or "Int64" => "a whole number",
            "UInt32" or "UInt64" => "a whole number that is not negative",
            "Single" or "Double" => "a number",
            "Boolean" => "true or false",
            "String" => "text",
            _ when Choices(type) is { } choices => $"one of {string.Join(", ", choices.Select(JsonNamingPolicy.CamelCase.ConvertName))}",
            _ => "a value of a different type",
        };
    }

    private static string[]? Choices(string full)
    {
        const string Optional = "System.Nullable`1[";
        string type = full.StartsWith(Optional, StringComparison.Ordinal) ? full[Optional.Length..].TrimEnd(']') : full;
        // The settings may belong to any of this project's packages.
        Type? found = AppDomain.CurrentDomain.GetAssemblies()
            .Where(assembly => assembly.GetName().Name?.StartsWith(nameof(Nvg), StringComparison.Ordinal) == true)
            .Select(assembly => assembly.GetType(type)).FirstOrDefault(candidate => candidate is not null);
        return found is { IsEnum: true } ? Enum.GetNames(found) : null;
    }

    [GeneratedRegex("^The JSON property '(?<name>.*)' could not be mapped")]
    private static partial Regex Unknown();

    [GeneratedRegex("was missing required properties including: (?<names>.*?)\\.?( Path:|$)")]
    private static partial Regex Missing();

    [GeneratedRegex(@"^The JSON value could not be converted to (?<type>[^ ]+?)\.? ")]
    private static partial Regex Conversion();
}
