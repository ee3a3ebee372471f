using System.Text.Json;
using System.Text.Json.Serialization;
using Nvg.Torch;

namespace Nvg.Training.Optimization;

/// <summary>The two precisions that training computes in, in JSON: <c>float32</c> and <c>bFloat16</c>, in any case.</summary>
internal sealed class PrecisionConverter : JsonConverter<ScalarType>
{
    public override ScalarType Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        string? text = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        return string.Equals(text, nameof(ScalarType.Float32), StringComparison.OrdinalIgnoreCase) ? ScalarType.Float32
            : string.Equals(text, nameof(ScalarType.BFloat16), StringComparison.OrdinalIgnoreCase) ? ScalarType.BFloat16
            : throw new JsonException($"must be float32 or bFloat16{(text is null ? "" : $", not '{text}'")}");
    }

    public override void Write(Utf8JsonWriter writer, ScalarType value, JsonSerializerOptions options) =>
        writer.WriteStringValue(JsonNamingPolicy.CamelCase.ConvertName(value.ToString()));
}
