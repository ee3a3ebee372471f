using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace Nvg.Torch.Files.Npy;

/// <summary>
/// Writes a zip of entries that are not compressed, of any size. Where an entry lies follows from the names and sizes of
/// those before it, so that a file which was cut off can be continued (<see cref="Adopt"/>). The same content gives the same bytes.
/// </summary>
/// <param name="file">Open for writing at its place; borrowed.</param>
/// <param name="zip64From">Sizes and places from here on are written in the wide form; tests lower it.</param>
internal sealed class ResumableZipWriter(Stream file, long zip64From = uint.MaxValue)
{
    private const uint LocalHeader = 0x04034b50, CentralHeader = 0x02014b50, WideEnd = 0x06064b50, WideEndLocator = 0x07064b50, End = 0x06054b50;
    private const int ChecksumPlace = 14;
    // 1 January 1980, where zip's clock starts: the same content gives the same file whenever it is written.
    private const ushort Date = 0x21;
    private const ushort WideVersion = 45, WideField = 1;

    private readonly List<Entry> _entries = [];

    /// <summary>Bytes before the content of an entry of this name.</summary>
    internal static int HeaderLength(string name) => 30 + Encoding.ASCII.GetByteCount(name) + 20;

    /// <summary>Starts an entry whose size is known; its content follows by <see cref="Write"/>.</summary>
    internal void Begin(string name, long size)
    {
        var entry = new Entry(name, size, file.Position);
        _entries.Add(entry);
        file.Write(Header(entry));
    }

    /// <summary>Takes into the last entry what is in the file already and was just read from its place.</summary>
    internal void Adopt(ReadOnlySpan<byte> content) => Count(content);

    /// <summary>Adds to the content of the last entry.</summary>
    internal void Write(ReadOnlySpan<byte> content)
    {
        Count(content);
        file.Write(content);
    }

    /// <summary>Ends the archive: the checksums into the headers, and the directory behind all entries.</summary>
    internal void Finish()
    {
        long directory = file.Position;
        foreach (Entry entry in _entries)
        {
            if (entry.Written != entry.Size)
                throw new InvalidOperationException($"{entry.Name} was announced with {entry.Size} bytes, {entry.Written} were written");
            byte[] checksum = new byte[4];
            BinaryPrimitives.WriteUInt32LittleEndian(checksum, entry.Checksum.GetCurrentHashAsUInt32());
            file.Position = entry.Place + ChecksumPlace;
            file.Write(checksum);
        }

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

    // Always with room for wide sizes, as NumPy writes it; the checksum comes when it is known.
    private static byte[] Header(Entry entry)
    {
        using var bytes = new LittleEndian();
        bytes.Put(LocalHeader).Put(WideVersion).Put((ushort)0).Put((ushort)0).Put((ushort)0).Put(Date).Put(0u).Put(uint.MaxValue).Put(uint.MaxValue)
            .Put((ushort)entry.Name.Length).Put((ushort)20).Put(entry.Name).Put(WideField).Put((ushort)16).Put((ulong)entry.Size).Put((ulong)entry.Size);
        return bytes.ToArray();
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
        bytes.Put(CentralHeader).Put(WideVersion).Put(WideVersion).Put((ushort)0).Put((ushort)0).Put((ushort)0).Put(Date).Put(entry.Checksum.GetCurrentHashAsUInt32()).Put(size).Put(size)
            .Put((ushort)entry.Name.Length).Put((ushort)(field.Length > 0 ? 4 + field.Length : 0)).Put((ushort)0).Put((ushort)0).Put((ushort)0).Put(0u)
            .Put(widePlace ? uint.MaxValue : (uint)entry.Place).Put(entry.Name);
        if (field.Length > 0)
            bytes.Put(WideField).Put((ushort)field.Length).Put(field);
        return bytes.ToArray();
    }

    private byte[] DirectoryEnd(long directory, long length)
    {
        bool wide = directory >= zip64From;
        ushort count = (ushort)_entries.Count;
        using var bytes = new LittleEndian();
        if (wide)
        {
            bytes.Put(WideEnd).Put(44UL).Put(WideVersion).Put(WideVersion).Put(0u).Put(0u).Put((ulong)count).Put((ulong)count).Put((ulong)length).Put((ulong)directory);
            bytes.Put(WideEndLocator).Put(0u).Put((ulong)(directory + length)).Put(1u);
        }

        bytes.Put(End).Put((ushort)0).Put((ushort)0).Put(count).Put(count).Put((uint)length).Put(wide ? uint.MaxValue : (uint)directory).Put((ushort)0);
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
