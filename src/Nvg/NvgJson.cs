using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Nvg.Checkpoints;
using Nvg.Training;

namespace Nvg;

/// <summary>JSON of our own files: camelCase, indented, comments allowed, unknown keys are errors.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    WriteIndented = true,
    UseStringEnumConverter = true,
    ReadCommentHandling = JsonCommentHandling.Skip,
    AllowTrailingCommas = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(ModelConfig))]
[JsonSerializable(typeof(TokenizerRunConfig))]
[JsonSerializable(typeof(GeneratorRunConfig))]
[JsonSerializable(typeof(TrainingCheckpoint.State))]
internal sealed partial class NvgJson : JsonSerializerContext
{
    /// <summary>Reads one of our files.</summary>
    /// <exception cref="NvgDataException">The file is missing, no JSON, or has unknown or missing keys.</exception>
    internal static T Read<T>(string path, JsonTypeInfo<T> type)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            return JsonSerializer.Deserialize(stream, type) ?? throw new NvgDataException($"{path} holds null");
        }
        catch (JsonException error)
        {
            throw new NvgDataException($"{path}: {error.Message.ReplaceLineEndings(" ")}", error);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new NvgDataException($"{path} does not exist", error);
        }
    }
}
