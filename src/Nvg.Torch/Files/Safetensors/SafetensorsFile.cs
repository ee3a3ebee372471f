using System.Buffers.Binary;
using System.Text.Json;

namespace Nvg.Torch.Files.Safetensors;

/// <summary>
/// A safetensors file, mapped into memory. Its tensors are views of the mapping, which stays alive as long as any of them, even after this
/// object is disposed. Only pages that are used are read. Pages that are written are copied, so the file never changes.
/// </summary>
public sealed class SafetensorsFile : TensorFile
{
    internal const int LengthPrefix = 8;

    private readonly Dictionary<string, Tensor> _tensors = [];
    private readonly List<string> _names;

    private SafetensorsFile(SafetensorsHeader header, Func<SafetensorsHeader.Entry, Tensor> read)
    {
        Metadata = header.Metadata;
        _names = [.. header.Entries.Select(e => e.Name)];
        foreach (SafetensorsHeader.Entry entry in header.Entries)
            _tensors.Add(entry.Name, read(entry).Own());
    }

    /// <summary>The strings stored under <c>__metadata__</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <inheritdoc/>
    public override IEnumerable<string> Keys => _names;

    /// <inheritdoc/>
    public override int Count => _names.Count;

    /// <summary>The tensor with a name; owned by this object.</summary>
    /// <exception cref="SafetensorsException">The file has no tensor with this name.</exception>
    public override Tensor this[string key] =>
        _tensors.TryGetValue(key, out Tensor? tensor) ? tensor : throw new SafetensorsException($"the file has no tensor '{key}'");

    /// <summary>
    /// Removes a tensor from this object. Its memory is freed with the last other reference to it.
    /// </summary>
    /// <param name="key">Its name.</param>
    public void Release(string key)
    {
        if (!_tensors.Remove(key, out Tensor? tensor))
            return;
        _names.Remove(key);
        tensor.Dispose();
    }

    /// <summary>Maps and checks a file.</summary>
    /// <exception cref="SafetensorsException">The file violates a rule of the format; the message names file, tensor and rule.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static new SafetensorsFile Open(string path)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            SafetensorsHeader header = ReadHeader(stream, out long dataStart);
            var file = new MappedFile(stream);
            return new SafetensorsFile(header, entry => file.Tensor(dataStart + entry.Begin, entry.Type, entry.Shape, alone: true));
        }
        catch (SafetensorsException error)
        {
            throw Named(path, error);
        }
    }

    /// <summary>Checks a file in memory; its tensors are copies.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="name">Name of the file in error messages.</param>
    /// <exception cref="SafetensorsException">The file violates a rule of the format; the message names file, tensor and rule.</exception>
    internal static SafetensorsFile Parse(byte[] bytes, string name)
    {
        try
        {
            using var stream = new MemoryStream(bytes, writable: false);
            SafetensorsHeader header = ReadHeader(stream, out long dataStart);
            return new SafetensorsFile(header, entry => Copy(bytes, dataStart, entry));
        }
        catch (SafetensorsException error)
        {
            throw Named(name, error);
        }
    }

    /// <summary>Writes tensors to a file atomically: writes a temporary file next to it, flushes it to disk, then renames it.</summary>
    /// <param name="path">Replaced if it exists; untouched if anything fails.</param>
    /// <param name="tensors">Tensors on any device; borrowed.</param>
    /// <param name="metadata">Strings to store with the tensors.</param>
    /// <param name="typeOf">Element type for storing a tensor, which is converted while writing; null stores all tensors unchanged.</param>
    /// <exception cref="ArgumentException">A name occurs twice, or is reserved by the format.</exception>
    public static void Write(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors,
        IReadOnlyDictionary<string, string>? metadata = null, Func<string, Tensor, ScalarType>? typeOf = null) =>
        AtomicFile.Write(path, stream => Write(stream, tensors, metadata, typeOf));

    /// <summary>Writes tensors to a stream in the file format.</summary>
    /// <param name="stream">Not closed.</param>
    /// <param name="tensors">Tensors on any device; borrowed.</param>
    /// <param name="metadata">Strings to store with the tensors.</param>
    /// <param name="typeOf">Element type for storing a tensor; null stores all tensors unchanged.</param>
    /// <exception cref="ArgumentException">A name occurs twice, or is reserved by the format.</exception>
    internal static void Write(Stream stream, IEnumerable<KeyValuePair<string, Tensor>> tensors,
        IReadOnlyDictionary<string, string>? metadata = null, Func<string, Tensor, ScalarType>? typeOf = null)
    {
        // Sorted by descending alignment, then by name, as in the format's reference writer.
        List<StoredTensor> ordered = [.. tensors
            .Select(t => new StoredTensor(t.Key, t.Value, typeOf?.Invoke(t.Key, t.Value) ?? t.Value.ScalarType))
            .OrderByDescending(t => t.Type.ByteSize()).ThenBy(t => t.Name, StringComparer.Ordinal)];
        if (ordered.DistinctBy(t => t.Name).Count() != ordered.Count || ordered.Exists(t => t.Name == SafetensorsHeader.MetadataKey))
            throw new ArgumentException($"tensor names must differ from each other and from '{SafetensorsHeader.MetadataKey}'",
                nameof(tensors));
        byte[] header = WriteHeader(ordered, metadata);
        Span<byte> length = stackalloc byte[LengthPrefix];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (StoredTensor stored in ordered)
        {
            using Tensor converted = stored.Tensor.To(stored.Type);
            converted.VisitBytes(stream.Write);
        }
    }

    /// <inheritdoc/>
    public override bool ContainsKey(string key) => _tensors.ContainsKey(key);

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (Tensor tensor in _tensors.Values)
            tensor.Dispose();
    }

    private static SafetensorsException Named(string name, SafetensorsException error) => new($"{name}: {error.Message}", error);

    private static Tensor Copy(byte[] bytes, long dataStart, SafetensorsHeader.Entry entry) => Tensor.FromBytes(
        bytes.AsSpan(checked((int)(dataStart + entry.Begin)), checked((int)(entry.End - entry.Begin))), entry.Type, entry.Shape);

    private static SafetensorsHeader ReadHeader(Stream stream, out long dataStart)
    {
        Span<byte> prefix = stackalloc byte[LengthPrefix];
        RequireNoOtherKind(stream);
        if (stream.Length < LengthPrefix)
            throw new SafetensorsException("the file is shorter than eight bytes");
        stream.ReadExactly(prefix);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > SafetensorsHeader.MaximumLength || (long)length > stream.Length - LengthPrefix)
            throw new SafetensorsException(
                $"the header claims {length} bytes, the file has {stream.Length}: it is truncated or not a safetensors file");
        byte[] json = new byte[length];
        stream.ReadExactly(json);
        dataStart = LengthPrefix + (long)length;
        return SafetensorsHeader.Parse(json, stream.Length - dataStart);
    }

    // A Git LFS pointer is the most common kind of broken model file.
    private static void RequireNoOtherKind(Stream stream)
    {
        Span<byte> head = stackalloc byte[FileContent.HeadLength];
        int length = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        stream.Position = 0;
        if (FileContent.Of(head[..length]).Refusal is { } refusal)
            throw new SafetensorsException(refusal);
    }

    private static byte[] WriteHeader(List<StoredTensor> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                writer.WriteStartObject(SafetensorsHeader.MetadataKey);
                foreach ((string key, string text) in metadata)
                    writer.WriteString(key, text);
                writer.WriteEndObject();
            }

            long position = 0;
            foreach ((string name, Tensor tensor, ScalarType type) in tensors)
            {
                long end = position + tensor.ElementCount * type.ByteSize();
                writer.WriteStartObject(name);
                writer.WriteString("dtype", SafetensorsHeader.Types.First(t => t.Value == type).Key);
                writer.WriteStartArray("shape");
                foreach (long size in tensor.Shape)
                    writer.WriteNumberValue(size);
                writer.WriteEndArray();
                writer.WriteStartArray("data_offsets");
                writer.WriteNumberValue(position);
                writer.WriteNumberValue(end);
                writer.WriteEndArray();
                writer.WriteEndObject();
                position = end;
            }

            writer.WriteEndObject();
        }

        // Padding with blanks to a multiple of eight keeps the data aligned in memory.
        while (buffer.Length % 8 != 0)
            buffer.Write(" "u8);
        return buffer.ToArray();
    }

    private sealed record StoredTensor(string Name, Tensor Tensor, ScalarType Type);
}
