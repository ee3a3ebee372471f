using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Nvg.Configuration;

namespace Nvg.Training.Tests.Planning;

/// <summary>Writes the settings of runs as tables: keys and descriptions of the schemas, defaults of the types.</summary>
internal sealed class SettingsReferenceWriter
{
    private const string Required = "required", None = "none";

    // The same in every run; listed once.
    private const string Shared = "training";

    private readonly StringBuilder _text = new();

    /// <summary>The page.</summary>
    /// <param name="introduction">Its beginning.</param>
    /// <param name="runs">Name, type of the settings, and schema of each run.</param>
    internal static string Write(string introduction, IEnumerable<(string Run, Type Settings, JsonNode Schema)> runs)
    {
        var writer = new SettingsReferenceWriter();
        writer._text.Append(introduction);
        (string Run, Type Settings, JsonNode Schema)[] all = [.. runs];
        foreach ((string run, Type settings, JsonNode schema) in all)
        {
            writer.Begin($"nvg train {run}");
            writer.Rows(schema, settings, "");
        }

        writer.Begin($"`{Shared}` of every run");
        PropertyInfo shared = all[0].Settings.GetProperties().First(property => KeyOf(property) == Shared);
        writer.Rows(all[0].Schema["properties"]![Shared]!, shared.PropertyType, Shared + ".");
        return writer._text.ToString();
    }

    private void Begin(string title) =>
        _text.Append(null, $"\n## {title}\n| setting | value | default | meaning |\n| --- | --- | --- | --- |\n");

    private void Rows(JsonNode schema, Type settings, string prefix)
    {
        object example = Activator.CreateInstance(settings)!;
        foreach ((string key, JsonNode? node) in schema["properties"]!.AsObject())
        {
            if (key.StartsWith('$') || settings.GetProperties().FirstOrDefault(property => KeyOf(property) == key) is not { } property)
                continue;
            Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            bool isGroup = node!["properties"] is not null && node["additionalProperties"] is not null && node["anyOf"] is null;
            bool isShared = prefix.Length == 0 && key == Shared;
            _text.Append(null,
                $"| `{prefix}{key}` | {(isShared ? "[below](#training-of-every-run)" : isGroup ? "group" : ValueOf(node))} "
                + $"| {DefaultOf(property, example, isGroup)} | {Escape((string)node["description"]!)} |\n");
            if (isGroup && !isShared)
                Rows(node, type, $"{prefix}{key}.");
        }
    }

    private static string ValueOf(JsonNode node)
    {
        if (node["enum"] is JsonArray words)
            return string.Join(", ", words.Where(word => word is not null).Select(word => $"`{word}`"));
        if (node["anyOf"] is not null)
            return "number or schedule";
        string[] types = node["type"] is JsonArray several ? [.. several.Select(type => (string)type!)] : [(string)node["type"]!];
        return string.Join(" or ", types.Where(type => type != "null").Select(type => type switch
        {
            "integer" => "whole number",
            "boolean" => "`true`, `false`",
            "string" => "text",
            "array" => "list",
            _ => type,
        }));
    }

    private static string DefaultOf(PropertyInfo property, object example, bool isGroup)
    {
        if (property.GetCustomAttribute<RequiredMemberAttribute>() is not null)
            return Required;
        object? value = property.GetValue(example);
        return value is null ? None : isGroup ? "" : $"`{Compact(JsonSerializer.Serialize(value, NvgJson.Options))}`";
    }

    private static string Compact(string json) =>
        JsonNode.Parse(json)!.ToJsonString().Trim('"').Replace(",", ", ", StringComparison.Ordinal);

    private static string Escape(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);

    private static string KeyOf(PropertyInfo property) => JsonNamingPolicy.CamelCase.ConvertName(property.Name);
}
