using System.Text.Json;
using System.Text.Json.Serialization;

namespace Nvg.Sampling.Schedules;

/// <summary>Schedules in JSON: a number, <c>{"linear": [a, b]}</c>, <c>{"power": [a, b]}</c> or <c>{"perStage": [...]}</c>.</summary>
internal sealed class StageScheduleConverter : JsonConverter<StageSchedule>
{
    public override StageSchedule Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.Number)
            return StageSchedule.Constant(reader.GetDouble());
        if (reader.TokenType != JsonTokenType.StartObject || !reader.Read() || reader.TokenType != JsonTokenType.PropertyName)
            throw new JsonException("a schedule is a number or an object with one of linear, power, perStage");
        string kind = reader.GetString()!;
        double[] values = ReadNumbers(ref reader);
        if (!reader.Read() || reader.TokenType != JsonTokenType.EndObject)
            throw new JsonException("a schedule must have exactly one kind");
        return (kind, values) switch
        {
            ("linear", [var start, var end]) => StageSchedule.Linear(start, end),
            ("power", [var start, var end]) => StageSchedule.Power(start, end),
            ("perStage", _) => StageSchedule.PerStage(values),
            _ => throw new JsonException($"no such schedule: {kind} of {values.Length} numbers"),
        };
    }

    public override void Write(Utf8JsonWriter writer, StageSchedule value, JsonSerializerOptions options)
    {
        (string kind, IReadOnlyList<double> values) = value.Describe();
        writer.WriteStartObject();
        writer.WriteStartArray(kind);
        foreach (double number in values)
            writer.WriteNumberValue(number);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static double[] ReadNumbers(ref Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
            throw new JsonException("a schedule's values are a list of numbers");
        var numbers = new List<double>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            numbers.Add(reader.GetDouble());
        return [.. numbers];
    }
}
