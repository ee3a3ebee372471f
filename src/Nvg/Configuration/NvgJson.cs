using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Nvg.Torch.Files;

namespace Nvg.Configuration;

/// <summary>
/// Reads and writes this project's JSON settings: camelCase keys, indented, comments allowed. Unknown keys, missing required keys and null
/// for non-nullable values are errors.
/// </summary>
/// <remarks>Uses reflection, because source-generated readers lose the defaults of init-only properties.</remarks>
internal static class NvgJson
{
    internal static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        IgnoreReadOnlyProperties = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { ReadFormerNames } },
    };

    /// <summary>Reads a settings file.</summary>
    /// <exception cref="NvgDataException">The file is missing, unreadable or not valid JSON, or has unknown or missing keys.</exception>
    internal static T Read<T>(string path)
    {
        try
        {
            return FileFailure.Reading(path, () =>
            {
                using FileStream stream = File.OpenRead(path);
                return JsonSerializer.Deserialize<T>(stream, Options)
                    ?? throw NvgDataException.At(path, "contains null instead of settings");
            });
        }
        catch (JsonException error)
        {
            throw FileContent.OfFile(path) is { Problem: { } problem } content
                ? NvgDataException.At(path, problem, content.Remedy, error)
                : new NvgDataException($"{path}: {JsonProblem.Describe(error)}", error);
        }
    }

    /// <summary>Serializes a value.</summary>
    internal static string Write<T>(T value) => JsonSerializer.Serialize(value, Options);

    private static void ReadFormerNames(JsonTypeInfo type)
    {
        foreach (JsonPropertyInfo property in type.Properties.ToArray())
        {
            object[]? attributes = property.AttributeProvider?.GetCustomAttributes(typeof(FormerNameAttribute), inherit: true);
            if (attributes is not [FormerNameAttribute former])
                continue;
            JsonPropertyInfo alias = type.CreateJsonPropertyInfo(property.PropertyType, former.Name);
            alias.Set = property.Set;
            alias.CustomConverter = property.CustomConverter;
            type.Properties.Add(alias);
        }
    }
}
