using System.Formats.Tar;
using System.IO.Compression;

namespace Nvg.Data.Sources;

/// <summary>The images of a tar archive, plain or compressed with gzip, read in one pass and never unpacked to disk.</summary>
internal sealed class TarImageSource(string path, string? subset) : ImageSource(path, subset)
{
    /// <summary>An encoded image larger than this is a mistake, and reading it whole would cost its size in memory.</summary>
    private const long LargestFile = 1L << 28;

    private const int BlockSize = 512;

    public override IEnumerable<ImageEntry> Entries()
    {
        using Stream stream = Open();
        using var tar = new TarReader(stream, leaveOpen: true);
        string last = "the beginning";
        while (Next(tar, last) is { } item)
        {
            last = item.Name;
            foreach (ImageEntry entry in IsArchive(item) ? Nested(item) : Classify(item, item.Name) is { } single ? [single] : [])
                yield return entry;
        }

        Finish(stream, last);
    }

    private static bool IsArchive(TarEntry item) =>
        item.DataStream is not null && item.Name.EndsWith(".tar", StringComparison.OrdinalIgnoreCase);

    // An archive inside stands for a folder of its name: so ImageNet is handed out, one archive per class.
    private IEnumerable<ImageEntry> Nested(TarEntry archive)
    {
        using var tar = new TarReader(archive.DataStream!, leaveOpen: true);
        string folder = archive.Name[..^".tar".Length];
        while (Next(tar, archive.Name) is { } item)
        {
            if (Classify(item, $"{folder}/{item.Name}") is { } entry)
                yield return entry;
        }
    }

    private Stream Open()
    {
        Stream file;
        try
        {
            file = new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 17);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NvgDataException.At(Path, "cannot be read", e.Message, e);
        }

        return Path.EndsWith(".tar", StringComparison.OrdinalIgnoreCase)
            ? file
            : new BufferedStream(new GZipStream(file, CompressionMode.Decompress), 1 << 17);
    }

    private TarEntry? Next(TarReader tar, string last) => Guard(last, () => tar.GetNextEntry());

    /// <summary>
    /// The reader takes the end of the file for the end of the archive, so that one cut off between two files would pass
    /// for whole. gzip keeps its checksum at the end, which is checked when everything has been read; a plain archive must
    /// end with a block of zeros.
    /// </summary>
    private void Finish(Stream stream, string last) => Guard(last, () =>
    {
        byte[] block = new byte[BlockSize];
        if (stream.CanSeek)
        {
            stream.Seek(-Math.Min(BlockSize, stream.Length), SeekOrigin.End);
            stream.ReadExactly(block);
            return block.AsSpan().IndexOfAnyExcept((byte)0) < 0 ? block : throw new InvalidDataException("no end block");
        }

        while (stream.Read(block) > 0)
        {
        }

        return block;
    });

    private T Guard<T>(string last, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is IOException or InvalidDataException or FormatException or NotSupportedException or ArgumentException)
        {
            throw NvgDataException.At(Path, $"the archive is broken after {last}", "fetch it again", e);
        }
    }

    private ImageEntry? Classify(TarEntry item, string path)
    {
        string[] parts = [.. path.Split('/').Where(part => part.Length > 0 && part != ".")];
        if (item.EntryType == TarEntryType.Directory || parts.Length == 0 || parts.Any(IsPassedOver))
            return null;
        if (NameInSubset(string.Join('/', parts)) is not { Length: > 0 } name)
            return null;
        if (NotAImage(name) is { } reason)
            return new(name, reason);
        if (item.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile))
            return new(name, "is a link inside the archive, which is not followed");
        if (item.Length > LargestFile)
            return new(name, $"is larger than {LargestFile >> 20} MiB");
        byte[] content = Guard(item.Name, () => Content(item));
        return new(name, ClassOf(name), () => content);
    }

    private static byte[] Content(TarEntry item)
    {
        byte[] content = new byte[item.Length];
        item.DataStream?.ReadExactly(content);
        return content;
    }
}
