using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using Nvg.Torch.Files.PyTorch;

namespace Nvg.Torch.Files;

/// <summary>
/// Writes a zip archive with uncompressed entries of any size, readable by NumPy and PyTorch. The offset of an entry follows from the names
/// and sizes of the previous entries, so a truncated file can be continued (<see cref="Adopt"/>). The same content gives the same bytes.
/// </summary>
/// <param name="file">Open for writing at its beginning; borrowed. It must be seekable, because checksums are written last.</param>
/// <param name="zip64From">Sizes, offsets and counts from this value on are written in the wide format; tests lower it.</param>
/// <param name="alignment">The content of every entry starts at a multiple of this many bytes, at most 64.</param>
internal sealed class ResumableZipWriter(Stream file, long zip64From = uint.MaxValue, int alignment = 1)
{
    private const int ChecksumPlace = 14;
    // Type, length and two sizes of 64 bits; and type and length of PyTorch's own field.
    private const int WideFieldLength = 20, PaddingHeaderLength = 4;
    // 1 January 1980, the start of zip's time range. A fixed date ensures that the same content always gives the same file.
    private const ushort Date = 0x21;
    private const ushort WideVersion = 45;
    private const byte Filler = (byte)'Z';

    private readonly List<Entry> _entries = [];

    /// <summary>Number of bytes before the content of an entry with this name, in an archive without alignment.</summary>
    internal static int HeaderLength(string name) => ZipFormat.LocalLength + Encoding.ASCII.GetByteCount(name) + WideFieldLength;

    /// <summary>Starts an entry of known size; its content is written with <see cref="Write"/>.</summary>
    /// <param name="name">Path inside the archive, in ASCII.</param>
    /// <param name="size">Size of the content in bytes.</param>
    internal void Begin(string name, long size)
    {
        var entry = new Entry(name, size, file.Position);
        _entries.Add(entry);
        file.Write(Header(entry));
    }

    /// <summary>Adds a whole entry.</summary>
    internal void Add(string name, ReadOnlySpan<byte> content)
    {
        Begin(name, content.Length);
        Write(content);
    }

    /// <summary>Adds content to the last entry that is already in the file and has just been read from its position.</summary>
    internal void Adopt(ReadOnlySpan<byte> content) => Count(content);

    /// <summary>Appends to the content of the last entry.</summary>
    internal void Write(ReadOnlySpan<byte> content)
    {
        Count(content);
        file.Write(content);
    }

    /// <summary>Completes the archive: writes the checksums into the headers and the directory after all entries.</summary>
    internal void Finish()
    {
        long directory = file.Position;
        foreach (Entry entry in _entries)
            WriteChecksum(entry);
        file.Position = directory;
        foreach (Entry entry in _entries)
            file.Write(DirectoryEntry(entry));
        file.Write(DirectoryEnd(directory, file.Position - directory));
    }

    private void Count(ReadOnlySpan<byte> content)
    {
        Entry entry = _entries[^1];
        if (entry.Written + content.Length > entry.Size)
            throw new InvalidOperationException($"{entry.Name} was announced with {entry.Size} bytes");
        entry.Checksum.Append(content);
        entry.Written += content.Length;
    }

    private void WriteChecksum(Entry entry)
    {
        if (entry.Written != entry.Size)
            throw new InvalidOperationException($"{entry.Name} was announced with {entry.Size} bytes, {entry.Written} were written");
        byte[] checksum = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(checksum, entry.Checksum.GetCurrentHashAsUInt32());
        file.Position = entry.Place + ChecksumPlace;
        file.Write(checksum);
    }

    // Always has room for wide sizes, like NumPy's headers; the checksum is filled in later.
    private byte[] Header(Entry entry)
    {
        byte[] padding = Padding(entry);
        using var bytes = new LittleEndian();
        bytes.Put(ZipFormat.LocalSignature).Put(WideVersion).Put((ushort)0).Put((ushort)0).Put((ushort)0).Put(Date)
            .Put(0u).Put(uint.MaxValue).Put(uint.MaxValue)
            .Put((ushort)entry.Name.Length).Put((ushort)(WideFieldLength + padding.Length)).Put(entry.Name)
            .Put(ZipFormat.WideExtra).Put((ushort)(WideFieldLength - 4)).Put((ulong)entry.Size).Put((ulong)entry.Size)
            .Put(padding);
        return bytes.ToArray();
    }

    // A field that pads the header to the alignment, as in PyTorch.
    private byte[] Padding(Entry entry)
    {
        if (alignment == 1)
            return [];
        long end = entry.Place + HeaderLength(entry.Name) + PaddingHeaderLength;
        int length = (int)(-end & (alignment - 1));
        using var bytes = new LittleEndian();
        return bytes.Put(ZipFormat.PaddingExtra).Put((ushort)length).Put([.. Enumerable.Repeat(Filler, length)]).ToArray();
    }

    private byte[] DirectoryEntry(Entry entry)
    {
        bool wideSize = entry.Size >= zip64From, widePlace = entry.Place >= zip64From;
        using var wide = new LittleEndian();
        if (wideSize)
            wide.Put((ulong)entry.Size).Put((ulong)entry.Size);
        if (widePlace)
            wide.Put((ulong)entry.Place);
        byte[] field = wide.ToArray();
        uint size = wideSize ? uint.MaxValue : (uint)entry.Size;
        using var bytes = new LittleEndian();
        bytes.Put(ZipFormat.CentralSignature).Put(WideVersion).Put(WideVersion).Put((ushort)0).Put((ushort)0).Put((ushort)0).Put(Date)
            .Put(entry.Checksum.GetCurrentHashAsUInt32()).Put(size).Put(size)
            .Put((ushort)entry.Name.Length).Put((ushort)(field.Length > 0 ? 4 + field.Length : 0))
            .Put((ushort)0).Put((ushort)0).Put((ushort)0).Put(0u)
            .Put(widePlace ? uint.MaxValue : (uint)entry.Place).Put(entry.Name);
        if (field.Length > 0)
            bytes.Put(ZipFormat.WideExtra).Put((ushort)field.Length).Put(field);
        return bytes.ToArray();
    }

    private byte[] DirectoryEnd(long directory, long length)
    {
        bool wide = directory >= zip64From || _entries.Count >= ushort.MaxValue;
        ushort count = (ushort)Math.Min(_entries.Count, ushort.MaxValue);
        using var bytes = new LittleEndian();
        if (wide)
        {
            bytes.Put(ZipFormat.WideEndSignature).Put((ulong)ZipFormat.WideEndLength - 12).Put(WideVersion).Put(WideVersion).Put(0u).Put(0u)
                .Put((ulong)_entries.Count).Put((ulong)_entries.Count).Put((ulong)length).Put((ulong)directory);
            bytes.Put(ZipFormat.WideLocatorSignature).Put(0u).Put((ulong)(directory + length)).Put(1u);
        }

        bytes.Put(ZipFormat.EndSignature).Put((ushort)0).Put((ushort)0).Put(count).Put(count).Put((uint)length)
            .Put(directory >= zip64From ? uint.MaxValue : (uint)directory).Put((ushort)0);
        return bytes.ToArray();
    }

    private sealed record Entry(string Name, long Size, long Place)
    {
        public Crc32 Checksum { get; } = new();

        public long Written { get; set; }
    }

    private sealed class LittleEndian : IDisposable
    {
        private readonly MemoryStream _bytes = new();

        internal LittleEndian Put(ushort value) => Put(BitConverter.GetBytes(value));

        internal LittleEndian Put(uint value) => Put(BitConverter.GetBytes(value));

        internal LittleEndian Put(ulong value) => Put(BitConverter.GetBytes(value));

        internal LittleEndian Put(string name) => Put(Encoding.ASCII.GetBytes(name));

        internal LittleEndian Put(byte[] bytes)
        {
            _bytes.Write(bytes);
            return this;
        }

        internal byte[] ToArray() => _bytes.ToArray();

        public void Dispose() => _bytes.Dispose();
    }
}
