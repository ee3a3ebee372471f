using System.Text.Json;
using System.Text.Json.Serialization;

namespace Nvg.Sampling.Schedules;

/// <summary>Steps in JSON: a number, a list of numbers, or text such as <c>"auto"</c>.</summary>
internal sealed class StructureStepsConverter : JsonConverter<StructureSteps>
{
    public override StructureSteps Read(
        ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
        {
            JsonTokenType.Number when reader.TryGetInt32(out int steps) => StructureSteps.Constant(steps),
            JsonTokenType.StartArray => StructureSteps.PerStage(JsonSerializer.Deserialize<int[]>(ref reader, options)!),
            JsonTokenType.String when StructureSteps.Parse(reader.GetString()!) is { } steps => steps,
            _ => throw new JsonException("structure steps are a number, a list of numbers, or \"auto\""),
        };

    public override void Write(Utf8JsonWriter writer, StructureSteps value, JsonSerializerOptions options)
    {
        if (value.Tolerance is not null)
            writer.WriteStringValue(value.ToString());
        else if (value.Values is [int steps])
            writer.WriteNumberValue(steps);
        else
            JsonSerializer.Serialize(writer, value.Values, options);
    }
}
