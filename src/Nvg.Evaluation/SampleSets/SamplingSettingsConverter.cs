using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Nvg.Configuration;
using Nvg.Sampling;
using Nvg.Var.Sampling;

namespace Nvg.Evaluation.SampleSets;

/// <summary>Sampling settings of any method in JSON. A setting that only one method has tells which it is.</summary>
internal sealed class SamplingSettingsConverter : JsonConverter<ISamplingSettings>
{
    private const string OnlyVar = "smooth";

    public override ISamplingSettings? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        JsonNode? node = JsonNode.Parse(ref reader);
        return node is JsonObject settings && settings.ContainsKey(OnlyVar)
            ? node.Deserialize<VarSamplingOptions>(options)
            : node.Deserialize<SamplingOptions>(options);
    }

    public override void Write(Utf8JsonWriter writer, ISamplingSettings value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, value, value.GetType(), options);
}
