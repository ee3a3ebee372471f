using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Nvg.Configuration;

/// <summary>JSON of our own files: camelCase, indented, comments allowed; unknown and missing keys are errors, and null where a value belongs.</summary>
/// <remarks>Through reflection, because generated readers lose the defaults of init-only properties.</remarks>
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

    /// <summary>Reads one of our files.</summary>
    /// <exception cref="NvgDataException">The file is missing or unreadable, no JSON, or has unknown or missing keys.</exception>
    internal static T Read<T>(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            return JsonSerializer.Deserialize<T>(stream, Options) ?? throw new NvgDataException($"{path} holds null");
        }
        catch (JsonException error)
        {
            throw new NvgDataException($"{path}: {JsonProblem.Describe(error)}", error);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new NvgDataException($"{path} does not exist", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new NvgDataException($"{path} cannot be read: {error.Message}", error);
        }
    }

    /// <summary>The text of a value in our form.</summary>
    internal static string Write<T>(T value) => JsonSerializer.Serialize(value, Options);

    private static void ReadFormerNames(JsonTypeInfo type)
    {
        foreach (JsonPropertyInfo property in type.Properties.ToArray())
        {
            if (property.AttributeProvider?.GetCustomAttributes(typeof(FormerNameAttribute), inherit: true) is not [FormerNameAttribute former])
                continue;
            JsonPropertyInfo alias = type.CreateJsonPropertyInfo(property.PropertyType, former.Name);
            alias.Set = property.Set;
            alias.CustomConverter = property.CustomConverter;
            type.Properties.Add(alias);
        }
    }
}
