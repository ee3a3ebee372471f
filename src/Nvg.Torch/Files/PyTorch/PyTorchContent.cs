using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;

namespace Nvg.Torch.Files.PyTorch;

/// <summary>The contents of a PyTorch file: its object as inert data, and the location of each storage's bytes.</summary>
/// <param name="Root">The object.</param>
/// <param name="Storages">Every storage by key.</param>
/// <param name="Archive">The zip archive, or null for a file in the older format, which has no checksums.</param>
internal sealed record PyTorchContent(object? Root, IReadOnlyDictionary<string, PyTorchContent.Place> Storages, StoredZip? Archive)
{
    private const string PickleRecord = "data.pkl";
    private static readonly BigInteger LegacyMagic = BigInteger.Parse("1950a86a20f9469cfc6c", NumberStyles.HexNumber);
    private const long LegacyProtocol = 1001;

    /// <summary>Reads and checks a file completely, except for the bytes of its storages.</summary>
    /// <exception cref="PyTorchFileException">The file breaks a rule.</exception>
    internal static PyTorchContent Read(MappedFile file)
    {
        ReadOnlySpan<byte> start = file.Bytes(0, (int)Math.Min(4, file.Length));
        if (start.StartsWith("PK"u8))
            return ReadArchive(file);
        return start is [0x80, ..]
            ? ReadLegacy(file)
            : throw new PyTorchFileException("it is not a PyTorch file: neither a zip archive nor a pickle (tar archives are not read)");
    }

    private static PyTorchContent ReadArchive(MappedFile file)
    {
        var archive = new StoredZip(file);
        string first = archive.Entries.Keys.First();
        string folder = first[..(first.IndexOf('/', StringComparison.Ordinal) + 1)];
        if (folder.Length == 0 || archive.Entries.Keys.FirstOrDefault(n => !n.StartsWith(folder, StringComparison.Ordinal)) is not null)
            throw new PyTorchFileException("it is not a PyTorch file: the archive's entries are not in a single folder");
        if (archive.Entries.ContainsKey(folder + "constants.pkl")
            || archive.Entries.Keys.Any(n => n.StartsWith(folder + "code/", StringComparison.Ordinal)))
            throw new PyTorchFileException("it holds TorchScript, a program; save the state_dict of the model instead");
        ExpectText(file, archive, folder + "byteorder", "little");
        if (!archive.Entries.TryGetValue(folder + PickleRecord, out StoredZip.Entry? pickle))
            throw new PyTorchFileException($"it is not a PyTorch file: the archive has no {folder}{PickleRecord}");
        archive.CheckSum(pickle);
        if (pickle.Length > Unpickler.MaximumBytes)
            throw new PyTorchFileException(
                $"entry '{pickle.Name}' has {pickle.Length} bytes, more than the {Unpickler.MaximumBytes} that are allowed");
        var described = new Dictionary<string, PickleStorage>();
        object? root = ReadPickle(file.Bytes(pickle.DataStart, (int)pickle.Length), pickle.Name, described);
        var storages = new Dictionary<string, Place>();
        foreach (PickleStorage storage in described.Values)
        {
            if (!archive.Entries.TryGetValue($"{folder}data/{storage.Key}", out StoredZip.Entry? entry))
                throw new PyTorchFileException($"storage '{storage.Key}' is missing in the archive");
            if (entry.Length != storage.ByteCount)
                throw new PyTorchFileException($"entry '{entry.Name}' has {entry.Length} bytes, its storage needs {storage.ByteCount}");
            storages.Add(storage.Key, new Place(entry.DataStart, entry.Length, entry));
        }

        return new PyTorchContent(root, storages, archive);
    }

    private static object? ReadPickle(ReadOnlySpan<byte> bytes, string name, Dictionary<string, PickleStorage> storages)
    {
        try
        {
            object? root = Unpickler.Read(bytes, out int consumed, storages);
            return consumed == bytes.Length ? root
                : throw new PyTorchFileException($"{bytes.Length - consumed} bytes follow the end of the pickle");
        }
        catch (PyTorchFileException error)
        {
            throw new PyTorchFileException($"entry '{name}', {error.Message}", error);
        }
    }

    private static void ExpectText(MappedFile file, StoredZip archive, string name, string expected)
    {
        if (!archive.Entries.TryGetValue(name, out StoredZip.Entry? entry))
            return;
        archive.CheckSum(entry);
        if (entry.Length != expected.Length
            || !file.Bytes(entry.DataStart, expected.Length).SequenceEqual(System.Text.Encoding.ASCII.GetBytes(expected)))
            throw new PyTorchFileException($"entry '{name}' is not '{expected}': the numbers are in a different byte order");
    }

    // Five pickles, followed by the size and bytes of each storage.
    private static PyTorchContent ReadLegacy(MappedFile file)
    {
        long position = 0;
        if (Next(file, ref position, "first", null) is not BigInteger magic || magic != LegacyMagic)
            throw new PyTorchFileException("it is not a PyTorch file: the pickle was written by a different program");
        if (Next(file, ref position, "protocol", null) is not LegacyProtocol)
            throw new PyTorchFileException($"the older form is only read with protocol {LegacyProtocol}");
        if (Next(file, ref position, "system", null) is not PickleDict system || !system.Items.Any(i => i is ("little_endian", true)))
            throw new PyTorchFileException("the numbers are in a different byte order");
        var described = new Dictionary<string, PickleStorage>();
        object? root = Next(file, ref position, "object", described);
        if (Next(file, ref position, "keys", null) is not PickleList keys || keys.Items.Count != described.Count)
            throw new PyTorchFileException("the list of storages does not name those that the tensors refer to");
        var storages = new Dictionary<string, Place>();
        foreach (object? item in keys.Items)
        {
            if (item is not string key || !described.TryGetValue(key, out PickleStorage? storage) || storages.ContainsKey(key))
                throw new PyTorchFileException("the list of storages does not name those that the tensors refer to");
            if (file.Length - position < sizeof(long) || file.Length - position - sizeof(long) < storage.ByteCount)
                throw new PyTorchFileException($"the file is truncated in storage '{key}'");
            long count = BinaryPrimitives.ReadInt64LittleEndian(file.Bytes(position, sizeof(long)));
            if (count != storage.Count)
                throw new PyTorchFileException($"storage '{key}' has {count} elements, its tensors need {storage.Count}");
            storages.Add(key, new Place(position + sizeof(long), storage.ByteCount, null));
            position += sizeof(long) + storage.ByteCount;
        }

        return position == file.Length
            ? new PyTorchContent(root, storages, null)
            : throw new PyTorchFileException($"{file.Length - position} bytes follow the last storage");
    }

    private static object? Next(MappedFile file, ref long position, string name, Dictionary<string, PickleStorage>? storages)
    {
        try
        {
            object? value = Unpickler.Read(file.Bytes(position, (int)Math.Min(Unpickler.MaximumBytes, file.Length - position)),
                out int consumed, storages);
            position += consumed;
            return value;
        }
        catch (PyTorchFileException error)
        {
            throw new PyTorchFileException($"pickle '{name}' at byte {position}, {error.Message}", error);
        }
    }

    /// <summary>Location of a storage's bytes.</summary>
    internal sealed record Place(long Start, long Length, StoredZip.Entry? Entry);
}
