using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Nvg.Configuration;
using Nvg.Sampling;
using Nvg.Var.Sampling;

namespace Nvg.Evaluation.SampleSets;

/// <summary>Sampling settings of any method in JSON. The method is recognised by a setting that only it has.</summary>
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
