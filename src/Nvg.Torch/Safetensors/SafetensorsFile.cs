using System.Buffers.Binary;
using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.IO.MemoryMappedFiles;
using System.Text.Json;

namespace Nvg.Torch.Safetensors;

/// <summary>
/// A safetensors file, mapped into memory. Its tensors are views of the mapping, which stays alive as long as any of them
/// (also after this object is disposed); only pages that are used are read, and pages that are written are copied: the
/// file never changes.
/// </summary>
public sealed class SafetensorsFile : IReadOnlyDictionary<string, Tensor>, IDisposable
{
    private const int LengthPrefix = 8;
    private const int SliceBytes = 1 << 24;

    private readonly Dictionary<string, Tensor> _tensors = [];
    private readonly string[] _names;

    private SafetensorsFile(SafetensorsHeader header, Mapping mapping, long dataStart)
    {
        Metadata = header.Metadata;
        _names = [.. header.Entries.Select(e => e.Name)];
        foreach (SafetensorsHeader.Entry entry in header.Entries)
            _tensors.Add(entry.Name, mapping.Tensor(dataStart + entry.Begin, entry).Own());
    }

    /// <summary>The texts stored under <c>__metadata__</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <inheritdoc/>
    public IEnumerable<string> Keys => _names;

    /// <inheritdoc/>
    public IEnumerable<Tensor> Values => _names.Select(n => _tensors[n]);

    /// <inheritdoc/>
    public int Count => _names.Length;

    /// <summary>The tensor of a name; owned by this object.</summary>
    /// <exception cref="SafetensorsException">The file has none of this name.</exception>
    public Tensor this[string key] =>
        _tensors.TryGetValue(key, out Tensor? tensor) ? tensor : throw new SafetensorsException($"the file has no tensor '{key}'");

    /// <summary>Maps and checks a file.</summary>
    /// <exception cref="SafetensorsException">The file breaks a rule of the format; the message names file, tensor and rule.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static SafetensorsFile Open(string path)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            SafetensorsHeader header = ReadHeader(stream, out long dataStart);
            return new SafetensorsFile(header, new Mapping(stream), dataStart);
        }
        catch (SafetensorsException error)
        {
            // Names out of the file may hold line breaks.
            throw new SafetensorsException($"{path}: {error.Message.ReplaceLineEndings(" ")}", error);
        }
    }

    /// <summary>Writes tensors to a file: to a temporary name beside it, flushed to the disk, then renamed.</summary>
    /// <param name="path">Replaced if it exists; untouched if anything fails.</param>
    /// <param name="tensors">On any device; borrowed.</param>
    /// <param name="metadata">Texts to store with them.</param>
    /// <exception cref="ArgumentException">A name occurs twice, or is the format's own.</exception>
    public static void Write(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        // Large alignments first, then by name, as the format's own writer does.
        var ordered = tensors.OrderByDescending(t => t.Value.ScalarType.ByteSize()).ThenBy(t => t.Key, StringComparer.Ordinal).ToList();
        if (ordered.DistinctBy(t => t.Key).Count() != ordered.Count || ordered.Exists(t => t.Key == SafetensorsHeader.MetadataKey))
            throw new ArgumentException($"tensor names must differ from each other and from '{SafetensorsHeader.MetadataKey}'", nameof(tensors));
        byte[] header = WriteHeader(ordered, metadata);
        AtomicFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[LengthPrefix];
            BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
            stream.Write(length);
            stream.Write(header);
            foreach ((_, Tensor tensor) in ordered)
            {
                WriteElements(stream, tensor);
            }
        });
    }

    /// <inheritdoc/>
    public bool ContainsKey(string key) => _tensors.ContainsKey(key);

    /// <inheritdoc/>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out Tensor value) => _tensors.TryGetValue(key, out value);

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, Tensor>> GetEnumerator() =>
        _names.Select(n => KeyValuePair.Create(n, _tensors[n])).GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Drops the file's own references; tensors derived from them keep the mapping alive.</summary>
    public void Dispose()
    {
        foreach (Tensor tensor in _tensors.Values)
            tensor.Dispose();
    }

    private static SafetensorsHeader ReadHeader(FileStream stream, out long dataStart)
    {
        Span<byte> prefix = stackalloc byte[LengthPrefix];
        if (stream.Length < LengthPrefix)
            throw new SafetensorsException("the file is shorter than eight bytes");
        stream.ReadExactly(prefix);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > SafetensorsHeader.MaximumLength || (long)length > stream.Length - LengthPrefix)
            throw new SafetensorsException($"the header claims {length} bytes, the file has {stream.Length}: it is truncated or no safetensors file");
        byte[] json = new byte[length];
        stream.ReadExactly(json);
        dataStart = LengthPrefix + (long)length;
        return SafetensorsHeader.Parse(json, stream.Length - dataStart);
    }

    // In slices: an array cannot hold the largest tensors, and need not.
    private static void WriteElements(Stream stream, Tensor tensor)
    {
        using Tensor flat = tensor.Reshape(-1);
        long count = flat.ElementCount, step = SliceBytes / tensor.ScalarType.ByteSize();
        byte[] bytes = new byte[Math.Min(count, step) * tensor.ScalarType.ByteSize()];
        for (long start = 0; start < count; start += step)
        {
            using Tensor slice = flat.Narrow(0, start, Math.Min(step, count - start));
            Span<byte> part = bytes.AsSpan(0, (int)(slice.ElementCount * tensor.ScalarType.ByteSize()));
            slice.CopyBytesTo(part);
            stream.Write(part);
        }
    }

    private static byte[] WriteHeader(List<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata)
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
            foreach ((string name, Tensor tensor) in tensors)
            {
                long end = position + tensor.ElementCount * tensor.ScalarType.ByteSize();
                writer.WriteStartObject(name);
                writer.WriteString("dtype", SafetensorsHeader.Types.First(t => t.Value == tensor.ScalarType).Key);
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

        // Blanks up to a multiple of eight keep the data aligned in memory.
        while (buffer.Length % 8 != 0)
            buffer.Write(" "u8);
        return buffer.ToArray();
    }

    /// <summary>The mapped file; the last tensor over it closes it.</summary>
    private sealed unsafe class Mapping
    {
        private readonly MemoryMappedFile? _file;
        private readonly MemoryMappedViewAccessor? _view;
        private readonly byte* _start;

        internal Mapping(FileStream stream)
        {
            // On a mapping that may only be read, an in-place operation would end the process.
            _file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.CopyOnWrite, HandleInheritability.None, leaveOpen: true);
            _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.CopyOnWrite);
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
        }

        ~Mapping()
        {
            _view?.SafeMemoryMappedViewHandle.ReleasePointer();
            _view?.Dispose();
            _file?.Dispose();
        }

        internal Tensor Tensor(long offset, SafetensorsHeader.Entry entry)
        {
            byte* data = _start + offset;
            // Files of other writers may hold misaligned data; those tensors are copied.
            return (nint)data % entry.Type.ByteSize() == 0
                ? Torch.Tensor.Wrap(data, entry.Type, entry.Shape, this)
                : Torch.Tensor.FromBytes(new ReadOnlySpan<byte>(data, checked((int)(entry.End - entry.Begin))), entry.Type, entry.Shape);
        }
    }
}
