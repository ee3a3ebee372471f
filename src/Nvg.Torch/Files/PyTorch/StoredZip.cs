using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace Nvg.Torch.Files.PyTorch;

/// <summary>
/// The directory of a zip archive with uncompressed entries. Stricter than other readers: the entries must cover the file without gaps or
/// overlaps, and the two descriptions of an entry (before its data and in the directory at the end) must agree, so that no two programs can
/// see different contents.
/// </summary>
internal sealed class StoredZip
{
    private const int MaximumEntries = 1 << 17;
    private const int MaximumDirectoryBytes = 1 << 26;
    private const int MaximumNameBytes = 512;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly MappedFile _file;
    private readonly Dictionary<string, Entry> _entries = [];

    /// <exception cref="PyTorchFileException">The archive violates a rule.</exception>
    internal StoredZip(MappedFile file)
    {
        _file = file;
        (long start, int length, int count) = FindDirectory();
        ReadDirectory(file.Bytes(start, length), count);
        CheckLayout(start);
    }

    internal IReadOnlyDictionary<string, Entry> Entries => _entries;

    /// <summary>Verifies an entry's bytes against its checksum.</summary>
    internal void CheckSum(Entry entry)
    {
        const int sliceBytes = 1 << 22;
        var crc = new Crc32();
        for (long done = 0; done < entry.Length; done += sliceBytes)
            crc.Append(_file.Bytes(entry.DataStart + done, (int)Math.Min(sliceBytes, entry.Length - done)));
        if (crc.GetCurrentHashAsUInt32() != entry.Crc)
            throw new PyTorchFileException(
                $"entry '{entry.Name}': its checksum is {crc.GetCurrentHashAsUInt32():x8}, the archive says {entry.Crc:x8}: "
                + "the file is damaged");
    }

    private (long Start, int Length, int Count) FindDirectory()
    {
        long endAt = _file.Length - ZipFormat.EndLength;
        if (endAt < 0)
            throw new PyTorchFileException("the archive is truncated: it has no directory");
        ReadOnlySpan<byte> end = _file.Bytes(endAt, ZipFormat.EndLength);
        if (U32(end, 0) != ZipFormat.EndSignature || U16(end, 20) != 0)
            throw new PyTorchFileException("the archive does not end with its directory: it is truncated, or something follows it");
        var narrow = new DirectoryFields(U16(end, 4), U16(end, 6), U16(end, 8), U16(end, 10), U32(end, 12), U32(end, 16));
        DirectoryFields fields = narrow;
        long directoryEnd = endAt;
        long locatorAt = endAt - ZipFormat.WideLocatorLength, wideAt = locatorAt - ZipFormat.WideEndLength;
        if (wideAt >= 0 && U32(_file.Bytes(locatorAt, ZipFormat.WideLocatorLength), 0) == ZipFormat.WideLocatorSignature)
        {
            ReadOnlySpan<byte> locator = _file.Bytes(locatorAt, ZipFormat.WideLocatorLength),
                wide = _file.Bytes(wideAt, ZipFormat.WideEndLength);
            if (U64(locator, 8) != (ulong)wideAt || U32(locator, 4) != 0 || U32(locator, 16) != 1
                || U32(wide, 0) != ZipFormat.WideEndSignature || U64(wide, 4) != ZipFormat.WideEndLength - 12)
                throw new PyTorchFileException("the archive's zip64 directory is not where it should be");
            fields = new DirectoryFields(U32(wide, 16), U32(wide, 20), U64(wide, 24), U64(wide, 32), U64(wide, 40), U64(wide, 48));
            if (!narrow.AgreesWith(fields))
                throw new PyTorchFileException("the archive's two directory records disagree");
            directoryEnd = wideAt;
        }

        if (fields.Disk != 0 || fields.DirectoryDisk != 0 || fields.CountHere != fields.Count)
            throw new PyTorchFileException("the archive is split over several files");
        if (fields.Count > MaximumEntries || fields.Length > MaximumDirectoryBytes)
            throw new PyTorchFileException(
                $"the archive has {fields.Count} entries in a directory of {fields.Length} bytes, "
                + $"more than is allowed ({MaximumEntries}, {MaximumDirectoryBytes})");
        if (fields.Start > (ulong)directoryEnd || fields.Start + fields.Length != (ulong)directoryEnd)
            throw new PyTorchFileException("the archive's directory does not end where its size says");
        return ((long)fields.Start, (int)fields.Length, (int)fields.Count);
    }

    private void ReadDirectory(ReadOnlySpan<byte> directory, int count)
    {
        for (int i = 0; i < count; i++)
        {
            if (directory.Length < ZipFormat.CentralLength || U32(directory, 0) != ZipFormat.CentralSignature)
                throw new PyTorchFileException($"the archive's directory is truncated at entry {i} of {count}");
            int nameLength = U16(directory, 28), extraLength = U16(directory, 30), length = ZipFormat.CentralLength + nameLength
                + extraLength;
            if (length > directory.Length)
                throw new PyTorchFileException($"the archive's directory is truncated at entry {i} of {count}");
            string name = ReadName(directory.Slice(ZipFormat.CentralLength, nameLength), U16(directory, 8));
            Entry entry = ReadCentral(directory[..ZipFormat.CentralLength],
                directory.Slice(ZipFormat.CentralLength + nameLength, extraLength), name);
            if (!_entries.TryAdd(name, entry))
                throw Wrong(name, "occurs twice");
            directory = directory[length..];
        }

        if (!directory.IsEmpty)
            throw new PyTorchFileException($"the archive's directory has {directory.Length} bytes after its last entry");
    }

    private static Entry ReadCentral(ReadOnlySpan<byte> header, ReadOnlySpan<byte> extra, string name)
    {
        ushort flags = U16(header, 8);
        if ((flags & ~(ZipFormat.DescriptorFlag | ZipFormat.Utf8Flag)) != 0)
            throw Wrong(name, $"is encrypted or has other flags that are not allowed (0x{flags:x4})");
        if (U16(header, 10) != 0)
            throw Wrong(name, $"is compressed (method {U16(header, 10)}); tensors are only read as they are stored");
        if (U16(header, 32) != 0 || U16(header, 34) != 0)
            throw Wrong(name, "has a comment or is on another disk");
        ulong size = U32(header, 24), stored = U32(header, 20), offset = U32(header, 42);
        ReadOnlySpan<byte> wide = FindWideExtra(extra, name);
        Widen(ref size, ref wide, name);
        Widen(ref stored, ref wide, name);
        Widen(ref offset, ref wide, name);
        if (!wide.IsEmpty)
            throw Wrong(name, "has an unneeded zip64 field");
        if (size != stored)
            throw Wrong(name, $"is stored in {stored} bytes but should give {size}");
        if (size > long.MaxValue || offset > long.MaxValue)
            throw Wrong(name, "has an impossible size or place");
        return new Entry(name, (long)offset, (long)size, U32(header, 16), flags);
    }

    // Checks entries in file order; each must end where the next begins.
    private void CheckLayout(long directoryStart)
    {
        if (_entries.Count == 0)
            throw new PyTorchFileException("the archive has no entries");
        Entry[] ordered = [.. _entries.Values.OrderBy(e => e.HeaderStart)];
        long position = 0;
        for (int i = 0; i < ordered.Length; i++)
        {
            Entry entry = ordered[i];
            if (entry.HeaderStart != position)
                throw Wrong(entry.Name, entry.HeaderStart < position ? "overlaps another" : "has a gap before it");
            long next = i + 1 < ordered.Length ? ordered[i + 1].HeaderStart : directoryStart;
            CheckLocal(entry, next);
            position = next;
        }
    }

    private void CheckLocal(Entry entry, long next)
    {
        if (next - entry.HeaderStart < ZipFormat.LocalLength)
            throw Wrong(entry.Name, "overlaps what follows it");
        ReadOnlySpan<byte> header = _file.Bytes(entry.HeaderStart, ZipFormat.LocalLength);
        if (U32(header, 0) != ZipFormat.LocalSignature)
            throw Wrong(entry.Name, $"does not begin at byte {entry.HeaderStart}, where the directory says");
        int nameLength = U16(header, 26), extraLength = U16(header, 28);
        long dataStart = entry.HeaderStart + ZipFormat.LocalLength + nameLength + extraLength;
        if (dataStart > next || entry.Length > next - dataStart)
            throw Wrong(entry.Name, "overlaps what follows it");
        long nameStart = entry.HeaderStart + ZipFormat.LocalLength;
        if (U16(header, 6) != entry.Flags || U16(header, 8) != 0
            || !_file.Bytes(nameStart, nameLength).SequenceEqual(StrictUtf8.GetBytes(entry.Name)))
            throw Wrong(entry.Name, "is described differently before its data (name, flags or method)");
        ReadOnlySpan<byte> wide = FindWideExtra(_file.Bytes(nameStart + nameLength, extraLength), entry.Name);
        bool hasDescriptor = (entry.Flags & ZipFormat.DescriptorFlag) != 0;
        (ulong size, ulong stored) = (U32(header, 22), U32(header, 18));
        if (!hasDescriptor)
        {
            Widen(ref size, ref wide, entry.Name);
            Widen(ref stored, ref wide, entry.Name);
        }

        bool agrees = size == (ulong)entry.Length && stored == (ulong)entry.Length && U32(header, 14) == entry.Crc;
        // If size and checksum follow the data, they may be omitted before it.
        bool leftOut = hasDescriptor && size is 0 or uint.MaxValue && stored == size && U32(header, 14) == 0;
        if (!agrees && !leftOut)
            throw Wrong(entry.Name, "is described differently before its data (size or checksum)");
        CheckDescriptor(entry, dataStart + entry.Length, next, hasDescriptor);
        entry.DataStart = dataStart;
    }

    private void CheckDescriptor(Entry entry, long dataEnd, long next, bool hasDescriptor)
    {
        long gap = next - dataEnd;
        // PyTorch omits the descriptor of an empty entry.
        if (gap == 0 && (!hasDescriptor || entry.Length == 0))
            return;
        if (!hasDescriptor || gap is not (ZipFormat.DescriptorLength or ZipFormat.WideDescriptorLength))
            throw Wrong(entry.Name, $"is followed by {gap} unexpected bytes");
        ReadOnlySpan<byte> descriptor = _file.Bytes(dataEnd, (int)gap);
        (ulong stored, ulong size) = gap == ZipFormat.DescriptorLength
            ? ((ulong)U32(descriptor, 8), (ulong)U32(descriptor, 12))
            : (U64(descriptor, 8), U64(descriptor, 16));
        if (U32(descriptor, 0) != ZipFormat.DescriptorSignature || U32(descriptor, 4) != entry.Crc || stored != (ulong)entry.Length
            || size != (ulong)entry.Length)
            throw Wrong(entry.Name, "is described differently after its data");
    }

    private static string ReadName(ReadOnlySpan<byte> bytes, ushort flags)
    {
        string name;
        try
        {
            name = StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException error)
        {
            throw new PyTorchFileException("the archive has an entry whose name is not UTF-8", error);
        }

        if (bytes.Length is 0 or > MaximumNameBytes || name.Any(char.IsControl) || name.Contains('\\', StringComparison.Ordinal)
            || ((flags & ZipFormat.Utf8Flag) == 0 && !Ascii.IsValid(name))
            || name.Split('/').Any(part => part is "" or "." or ".."))
            throw Wrong(name, "has a name that is not a plain path inside the archive");
        return name;
    }

    private static ReadOnlySpan<byte> FindWideExtra(ReadOnlySpan<byte> extra, string name)
    {
        ReadOnlySpan<byte> found = default;
        while (!extra.IsEmpty)
        {
            if (extra.Length < 4 || U16(extra, 2) > extra.Length - 4)
                throw Wrong(name, "has a broken extra field");
            ushort kind = U16(extra, 0);
            ReadOnlySpan<byte> field = extra.Slice(4, U16(extra, 2));
            extra = extra[(4 + field.Length)..];
            if (kind == ZipFormat.WideExtra && found.IsEmpty)
                found = field;
            else if (kind != ZipFormat.PaddingExtra)
                throw Wrong(name, $"has an extra field 0x{kind:x4} that is not allowed");
        }

        return found;
    }

    private static void Widen(ref ulong value, ref ReadOnlySpan<byte> wide, string name)
    {
        if (value != uint.MaxValue)
            return;
        if (wide.Length < sizeof(ulong))
            throw Wrong(name, "lacks a zip64 field for a size or place beyond 32 bits");
        value = U64(wide, 0);
        wide = wide[sizeof(ulong)..];
    }

    private static PyTorchFileException Wrong(string name, string what) => new($"entry '{name}' {what}");

    private static ushort U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static ulong U64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);

    /// <summary>One entry, with Length bytes beginning at DataStart.</summary>
    internal sealed record Entry(string Name, long HeaderStart, long Length, uint Crc, ushort Flags)
    {
        internal long DataStart { get; set; }
    }

    private readonly record struct DirectoryFields(ulong Disk, ulong DirectoryDisk, ulong CountHere, ulong Count, ulong Length, ulong Start)
    {
        // A narrow field holds the same number, or all ones if the number may not fit.
        internal bool AgreesWith(DirectoryFields wide) =>
            Fits(Disk, wide.Disk, ushort.MaxValue) && Fits(DirectoryDisk, wide.DirectoryDisk, ushort.MaxValue)
            && Fits(CountHere, wide.CountHere, ushort.MaxValue) && Fits(Count, wide.Count, ushort.MaxValue)
            && Fits(Length, wide.Length, uint.MaxValue) && Fits(Start, wide.Start, uint.MaxValue);

        private static bool Fits(ulong narrow, ulong wide, ulong ones) => narrow == wide || narrow == ones;
    }
}
