using System.Text.Json;

namespace Nvg.Torch.Files.Safetensors;

/// <summary>The JSON header of a safetensors file, fully checked against the length of the data.</summary>
/// <remarks>
/// Applies the rules of the format's reference reader: unique names, no gaps, no overlaps, sizes that match shapes, no trailing data.
/// </remarks>
internal sealed class SafetensorsHeader
{
    internal const long MaximumLength = 100_000_000;
    internal const string MetadataKey = "__metadata__";

    private SafetensorsHeader(IReadOnlyList<Entry> entries, IReadOnlyDictionary<string, string> metadata)
    {
        Entries = entries;
        Metadata = metadata;
    }

    /// <summary>Tensors in the order of their data.</summary>
    internal IReadOnlyList<Entry> Entries { get; }

    internal IReadOnlyDictionary<string, string> Metadata { get; }

    internal static readonly IReadOnlyDictionary<string, ScalarType> Types = new Dictionary<string, ScalarType>
    {
        ["BOOL"] = ScalarType.Bool,
        ["U8"] = ScalarType.UInt8,
        ["I8"] = ScalarType.Int8,
        ["I16"] = ScalarType.Int16,
        ["I32"] = ScalarType.Int32,
        ["I64"] = ScalarType.Int64,
        ["F16"] = ScalarType.Float16,
        ["BF16"] = ScalarType.BFloat16,
        ["F32"] = ScalarType.Float32,
        ["F64"] = ScalarType.Float64,
    };

    /// <param name="json">The header's bytes.</param>
    /// <param name="dataLength">Number of bytes between header and end of file.</param>
    /// <exception cref="SafetensorsException">The header violates a rule.</exception>
    internal static SafetensorsHeader Parse(ReadOnlySpan<byte> json, long dataLength)
    {
        try
        {
            return ParseObject(json, dataLength);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            throw new SafetensorsException(error is JsonException { BytePositionInLine: { } place }
                ? $"the header is not valid JSON at byte {place}: the file is damaged or not a safetensors file"
                : "the header's JSON contains something that the format does not allow there: the file is damaged", error);
        }
    }

    private static SafetensorsHeader ParseObject(ReadOnlySpan<byte> json, long dataLength)
    {
        if (json.IsEmpty || json[0] != '{')
            throw new SafetensorsException("the header does not begin with '{'");
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 8 });
        var names = new HashSet<string>();
        var entries = new List<Entry>();
        IReadOnlyDictionary<string, string> metadata = new Dictionary<string, string>();
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            if (!names.Add(name))
                throw new SafetensorsException($"the name '{name}' occurs twice");
            reader.Read();
            if (name == MetadataKey)
                metadata = ReadMetadata(ref reader);
            else
                entries.Add(ReadEntry(ref reader, name));
        }

        while (reader.Read())
        {
            // Only whitespace may follow the object; the reader throws on anything else.
        }

        entries.Sort((a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End));
        CheckLayout(entries, dataLength);
        return new SafetensorsHeader(entries, metadata);
    }

    private static Dictionary<string, string> ReadMetadata(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new SafetensorsException($"'{MetadataKey}' is not an object");
        var metadata = new Dictionary<string, string>();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.String || !metadata.TryAdd(key, reader.GetString()!))
                throw new SafetensorsException($"metadata '{key}' is not one text");
        }

        return metadata;
    }

    private static Entry ReadEntry(ref Utf8JsonReader reader, string name)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new SafetensorsException($"tensor '{name}' is not described by an object");
        string? type = null;
        long[]? shape = null, offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            switch (key)
            {
                case "dtype" when type is null:
                    type = reader.GetString();
                    break;
                case "shape" when shape is null:
                    shape = ReadNumbers(ref reader, name);
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ReadNumbers(ref reader, name);
                    break;
                default:
                    throw new SafetensorsException($"tensor '{name}' has an unknown or repeated key '{key}'");
            }
        }

        if (type is null || shape is null || offsets is not [var begin, var end] || end < begin)
            throw new SafetensorsException($"tensor '{name}' needs dtype, shape and data_offsets [begin, end]");
        if (!Types.TryGetValue(type, out ScalarType scalarType))
            throw new SafetensorsException(
                $"tensor '{name}' has the dtype '{type}', which is not read: store it as F32, BF16 or F16");
        CheckSize(name, scalarType, shape, end - begin);
        return new Entry(name, scalarType, shape, begin, end);
    }

    private static long[] ReadNumbers(ref Utf8JsonReader reader, string name)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw new SafetensorsException($"tensor '{name}': shape and data_offsets must be lists");
        var numbers = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (!reader.TryGetInt64(out long number) || number < 0)
                throw new SafetensorsException($"tensor '{name}': sizes and offsets must be whole numbers, not negative");
            numbers.Add(number);
        }

        return [.. numbers];
    }

    private static void CheckSize(string name, ScalarType type, long[] shape, long length)
    {
        try
        {
            // Strides are products of the other sizes, so those must be valid even if one size is zero.
            long bytes = shape.Aggregate((long)type.ByteSize(), (product, size) => checked(product * Math.Max(size, 1)));
            if (shape.Contains(0))
                bytes = 0;
            if (bytes != length)
                throw new SafetensorsException($"tensor '{name}' needs {bytes} bytes, its offsets span {length}");
        }
        catch (OverflowException error)
        {
            throw new SafetensorsException($"tensor '{name}' has an impossible shape [{string.Join(", ", shape)}]", error);
        }
    }

    private static void CheckLayout(List<Entry> entries, long dataLength)
    {
        long position = 0;
        foreach (Entry entry in entries)
        {
            if (entry.Begin != position)
                throw new SafetensorsException(
                    $"tensor '{entry.Name}' begins at {entry.Begin}, expected {position}: "
                    + (entry.Begin < position ? "it overlaps another" : "there is a gap before it"));
            position = entry.End;
        }

        if (position != dataLength)
            throw new SafetensorsException(
                $"the tensors end at byte {position} of the data, the file has {dataLength}: "
                + $"it is {(position > dataLength ? "truncated" : "too long")}");
    }

    /// <summary>One tensor, with bytes [Begin, End) of the data.</summary>
    internal sealed record Entry(string Name, ScalarType Type, long[] Shape, long Begin, long End);
}
