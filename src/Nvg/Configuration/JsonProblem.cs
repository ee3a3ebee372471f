using System.Text.Json;
using System.Text.RegularExpressions;
using Nvg.Torch;

namespace Nvg.Configuration;

/// <summary>What is wrong with JSON settings, in words of the settings and not of the types that hold them.</summary>
internal static partial class JsonProblem
{
    /// <summary>One line: where and what.</summary>
    internal static string Describe(JsonException error)
    {
        string key = error.Path is { Length: > 2 } path && path.StartsWith("$.", StringComparison.Ordinal) ? path[2..] : "";
        string inside = key.Length > 0 ? $" in {key}" : "";
        string message = error.Message.ReplaceLineEndings(" ");
        if (Unknown().Match(message) is { Success: true } unknown)
        {
            string name = unknown.Groups["name"].Value, place = key == name ? "" : key.EndsWith($".{name}", StringComparison.Ordinal) ? key[..^(name.Length + 1)] : key;
            return $"there is no setting '{name}'{(place.Length > 0 ? $" in {place}" : "")}";
        }

        // The reader speaks of its own grammar; people can go to the place.
        if (error.InnerException is JsonException)
            return $"no JSON from line {error.LineNumber + 1}, byte {error.BytePositionInLine + 1} on";
        if (Missing().Match(message) is { Success: true } missing)
            return $"settings are missing{inside}: {missing.Groups["names"].Value}";
        if (Conversion().Match(message) is { Success: true } conversion)
            return $"{(key.Length > 0 ? key : "the value")} must be {Kind(conversion.Groups["type"].Value)}";
        return message;
    }

    private static string Kind(string type) => type.Contains("List`1", StringComparison.Ordinal) ? "a list" : type.Split('.', '[', ']').Last(part => part.Length > 0) switch
    {
        "Int32" or "Int64" => "a whole number",
        "UInt32" or "UInt64" => "a whole number that is not negative",
        "Single" or "Double" => "a number",
        "Boolean" => "true or false",
        "String" => "text",
        _ when Choices(type) is { } choices => $"one of {string.Join(", ", choices.Select(JsonNamingPolicy.CamelCase.ConvertName))}",
        _ => "something of another kind",
    };

    private static string[]? Choices(string type) =>
        (typeof(JsonProblem).Assembly.GetType(type) ?? typeof(Tensor).Assembly.GetType(type)) is { IsEnum: true } found ? Enum.GetNames(found) : null;

    [GeneratedRegex("^The JSON property '(?<name>.*)' could not be mapped")]
    private static partial Regex Unknown();

    [GeneratedRegex("was missing required properties including: (?<names>.*?)\\.?( Path:|$)")]
    private static partial Regex Missing();

    [GeneratedRegex(@"^The JSON value could not be converted to (?<type>[^ ]+?)\.? ")]
    private static partial Regex Conversion();
}
