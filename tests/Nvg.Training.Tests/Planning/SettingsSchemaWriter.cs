using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using Nvg.Configuration;
using Nvg.Sampling.Schedules;
using Nvg.Torch;

namespace Nvg.Training.Tests.Planning;

/// <summary>Makes the JSON schema of settings from their types; descriptions are the documentation comments in the source.</summary>
internal sealed partial class SettingsSchemaWriter(string repository)
{
    private static readonly JsonSerializerOptions Output = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly Dictionary<string, string> _sources = Directory
        .EnumerateFiles(Path.Combine(repository, "src"), "*.cs", SearchOption.AllDirectories)
        .Where(path => !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
        .GroupBy(path => Path.GetFileNameWithoutExtension(path))
        .ToDictionary(group => group.Key, group => group.First());

    /// <summary>The schema of a type of settings as text.</summary>
    internal string Write(Type settings)
    {
        var options = new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true, TransformSchemaNode = Describe };
        JsonObject root = NvgJson.Options.GetJsonSchemaAsNode(settings, options).AsObject();
        root["properties"]!.AsObject().Insert(0, "$schema", new JsonObject { ["type"] = "string" });
        root.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        return root.ToJsonString(Output) + "\n";
    }

    /// <summary>The documentation of a property, or null.</summary>
    internal string? DocumentationOf(Type type, string property)
    {
        if (!_sources.TryGetValue(type.Name, out string? path))
            return null;
        string pattern = $@"(?<doc>(?:^[ \t]*///[^\n]*\n)+)(?:^[ \t]*\[[^\n]*\]\n)*^[ \t]*public [^\n=(]*\b{property} \{{";
        Match match = Regex.Match(File.ReadAllText(path), pattern, RegexOptions.Multiline);
        return match.Success ? Summary(match.Groups["doc"].Value) : null;
    }

    private JsonNode Describe(JsonSchemaExporterContext context, JsonNode schema)
    {
        Type type = Nullable.GetUnderlyingType(context.TypeInfo.Type) ?? context.TypeInfo.Type;
        JsonNode described = OfSpecial(type) ?? schema;
        if (described is not JsonObject node)
            return described;
        // What follows from other settings, and names of earlier versions.
        foreach (JsonPropertyInfo property in context.TypeInfo.Properties.Where(p => p.Set is null || p.Get is null))
            (node["properties"] as JsonObject)?.Remove(property.Name);
        if (context.PropertyInfo is { AttributeProvider: PropertyInfo member }
            && DocumentationOf(member.DeclaringType!, member.Name) is { } text)
        {
            node.Insert(0, "description", text);
        }

        return node;
    }

    // Values with a form of their own, of which the exporter knows nothing.
    private static JsonObject? OfSpecial(Type type)
    {
        if (type == typeof(StageSchedule))
        {
            return new JsonObject
            {
                ["anyOf"] = new JsonArray(
                    new JsonObject { ["type"] = "number" }, Listed("linear", 2), Listed("power", 2), Listed("perStage", null)),
            };
        }

        if (type == typeof(StructureSteps))
            return new JsonObject
            {
                ["type"] = new JsonArray("integer", "array", "string"),
                ["items"] = new JsonObject { ["type"] = "integer" },
            };
        return type == typeof(ScalarType) ? new JsonObject { ["enum"] = new JsonArray("float32", "bFloat16") } : null;
    }

    private static JsonObject Listed(string kind, int? count)
    {
        var list = new JsonObject { ["type"] = "array", ["items"] = new JsonObject { ["type"] = "number" } };
        if (count is { } exact)
            (list["minItems"], list["maxItems"]) = (exact, exact);
        return new JsonObject
        {
            ["type"] = "object",
            ["properties"] = new JsonObject { [kind] = list },
            ["required"] = new JsonArray(kind),
            ["additionalProperties"] = false,
        };
    }

    private static string Summary(string comment)
    {
        string text = string.Join(' ', comment.Split('\n').Select(line => line.Trim().TrimStart('/').Trim())).Trim();
        text = SummaryTag().Match(text) is { Success: true } match ? match.Groups[1].Value.Trim() : text;
        text = Reference().Replace(text, m => JsonNamingPolicy.CamelCase.ConvertName(m.Groups[1].Value.Split('.')[^1]));
        return Tag().Replace(text, "").Replace("&lt;", "<", StringComparison.Ordinal);
    }

    [GeneratedRegex("<summary>(.*?)</summary>")]
    private static partial Regex SummaryTag();

    [GeneratedRegex("<see cref=\"([^\"]+)\"/>")]
    private static partial Regex Reference();

    [GeneratedRegex("<[^>]+>")]
    private static partial Regex Tag();
}
