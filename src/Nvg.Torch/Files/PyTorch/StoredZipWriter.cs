using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace Nvg.Torch.Files.PyTorch;

/// <summary>Writes a zip archive of stored entries in one pass, laid out as PyTorch lays it out: data at multiples of 64 bytes, sizes and checksum behind it.</summary>
internal sealed class StoredZipWriter(Stream stream)
{
    private const int Alignment = 64;
    private const int WideFieldLength = 2 * sizeof(ulong);
    private const ushort Flags = ZipFormat.DescriptorFlag | ZipFormat.Utf8Flag;

    private readonly List<Entry> _entries = [];
    private readonly byte[] _buffer = new byte[sizeof(ulong)];
    private long _position;

    /// <summary>Adds an entry.</summary>
    /// <param name="name">Path inside the archive.</param>
    /// <param name="length">Bytes that <paramref name="write"/> will give.</param>
    /// <param name="write">Hands the bytes, slice by slice, to its argument.</param>
    internal void Add(string name, long length, Action<Action<ReadOnlySpan<byte>>> write)
    {
        long start = _position;
        bool isWide = length >= uint.MaxValue;
        WriteLocalHeader(name, isWide);
        long dataStart = _position;
        var crc = new Crc32();
        write(bytes =>
        {
            crc.Append(bytes);
            Write(bytes);
        });
        if (_position - dataStart != length)
            throw new InvalidOperationException($"entry {name} has {_position - dataStart} bytes, not {length}");
        U32(ZipFormat.DescriptorSignature);
        U32(crc.GetCurrentHashAsUInt32());
        for (int i = 0; i < 2; i++)
        {
            if (isWide)
                U64((ulong)length);
            else
                U32((uint)length);
        }

        _entries.Add(new Entry(Encoding.UTF8.GetBytes(name), start, length, crc.GetCurrentHashAsUInt32()));
    }

    /// <summary>Adds an entry of bytes at hand.</summary>
    internal void Add(string name, byte[] bytes) => Add(name, bytes.Length, receive => receive(bytes));

    /// <summary>Writes the directory; nothing may follow.</summary>
    internal void Finish()
    {
        long start = _position;
        foreach (Entry entry in _entries)
            WriteCentralHeader(entry);
        long length = _position - start, wideEnd = _position;
        U32(ZipFormat.WideEndSignature);
        U64(ZipFormat.WideEndLength - 12);
        U32(0x002D002D);
        U64(0);
        U64((ulong)_entries.Count);
        U64((ulong)_entries.Count);
        U64((ulong)length);
        U64((ulong)start);
        U32(ZipFormat.WideLocatorSignature);
        U32(0);
        U64((ulong)wideEnd);
        U32(1);
        U32(ZipFormat.EndSignature);
        U32(0);
        U16((ushort)Math.Min(_entries.Count, ushort.MaxValue));
        U16((ushort)Math.Min(_entries.Count, ushort.MaxValue));
        U32(Narrow(length));
        U32(Narrow(start));
        U16(0);
    }

    private void WriteLocalHeader(string name, bool isWide)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(name);
        int wide = isWide ? 4 + WideFieldLength : 0;
        int padding = (int)(-(_position + ZipFormat.LocalLength + utf8.Length + wide + 4) & (Alignment - 1));
        U32(ZipFormat.LocalSignature);
        U16(0);
        U16(Flags);
        U16(0);
        U32(0);
        U32(0);
        U32(0);
        U32(0);
        U16((ushort)utf8.Length);
        U16((ushort)(wide + 4 + padding));
        Write(utf8);
        if (isWide)
        {
            // Its presence says that the sizes behind the data are wide.
            U16(ZipFormat.WideExtra);
            U16(WideFieldLength);
            U64(0);
            U64(0);
        }

        U16(ZipFormat.PaddingExtra);
        U16((ushort)padding);
        Span<byte> filler = stackalloc byte[Alignment];
        filler.Fill((byte)'Z');
        Write(filler[..padding]);
    }

    private void WriteCentralHeader(Entry entry)
    {
        List<ulong> wide = [];
        if (entry.Length >= uint.MaxValue)
            wide.AddRange([(ulong)entry.Length, (ulong)entry.Length]);
        if (entry.Start >= uint.MaxValue)
            wide.Add((ulong)entry.Start);
        U32(ZipFormat.CentralSignature);
        U32(0);
        U16(Flags);
        U16(0);
        U32(0);
        U32(entry.Crc);
        U32(Narrow(entry.Length));
        U32(Narrow(entry.Length));
        U16((ushort)entry.Name.Length);
        U16((ushort)(wide.Count > 0 ? 4 + wide.Count * sizeof(ulong) : 0));
        U16(0);
        U16(0);
        U16(0);
        U32(0);
        U32(Narrow(entry.Start));
        Write(entry.Name);
        if (wide.Count == 0)
            return;
        U16(ZipFormat.WideExtra);
        U16((ushort)(wide.Count * sizeof(ulong)));
        wide.ForEach(U64);
    }

    private static uint Narrow(long value) => (uint)Math.Min(value, uint.MaxValue);

    private void U16(ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer, value);
        Write(_buffer.AsSpan(0, sizeof(ushort)));
    }

    private void U32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer, value);
        Write(_buffer.AsSpan(0, sizeof(uint)));
    }

    private void U64(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_buffer, value);
        Write(_buffer);
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        stream.Write(bytes);
        _position += bytes.Length;
    }

    private sealed record Entry(byte[] Name, long Start, long Length, uint Crc);
}
