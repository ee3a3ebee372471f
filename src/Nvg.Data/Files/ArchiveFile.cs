using System.IO.Compression;
using Nvg.Torch.Files;

namespace Nvg.Data.Files;

/// <summary>Opens archive files regardless of their names, and translates errors that occur while reading them.</summary>
internal static class ArchiveFile
{
    // Files that a server has compressed again are common. More layers are a mistake or an attack.
    private const int MostLayers = 3;
    private const int BufferLength = 1 << 17;

    /// <summary>Detects the kind of a file, ignoring layers of gzip.</summary>
    /// <exception cref="NvgDataException">The file cannot be read, or is not a file.</exception>
    internal static FileKind KindOf(string path)
    {
        using Stream stream = Open(path, out FileKind kind, out _);
        return kind;
    }

    /// <summary>Opens a file and removes layers of gzip. The caller disposes the stream.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kind">Kind of the content.</param>
    /// <param name="file">The file itself, whose position shows how much has been read; owned by the result.</param>
    /// <exception cref="NvgDataException">The file cannot be read, or is not a file.</exception>
    internal static Stream Open(string path, out FileKind kind, out Stream file)
    {
        if (FolderListing.Obstacle(ForeignName.FromText(path)) is { } obstacle)
            throw NvgDataException.At(path, obstacle);
        Stream? stream = null;
        try
        {
            file = stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, BufferLength);
            byte[] head = new byte[FileKind.HeadLength];
            kind = FileKind.Of(head.AsSpan(0, stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)));
            stream.Position = 0;
            return Decompressed(stream, ref kind, path);
        }
        catch (Exception error) when (FileFailure.IsFileError(error) || error is InvalidDataException)
        {
            stream?.Dispose();
            throw FileFailure.Unreadable(path, error);
        }
    }

    /// <summary>Removes layers of gzip from a stream.</summary>
    /// <param name="stream">The stream; the result owns it.</param>
    /// <param name="kind">Kind of the content, before and after.</param>
    /// <param name="where">Name of the file, for messages.</param>
    internal static Stream Decompressed(Stream stream, ref FileKind kind, string where)
    {
        int layer = 0;
        for (; kind.Role == FileRole.Gzip; layer++)
        {
            if (layer == MostLayers)
                throw NvgDataException.At(where, $"is compressed with gzip more than {MostLayers} times");
            var inner = new PeekedStream(new BufferedStream(new GZipStream(stream, CompressionMode.Decompress), BufferLength));
            (stream, kind) = (inner, inner.Kind);
        }

        // Only a tar archive can be read through a layer of gzip.
        if (layer > 0 && kind.Role != FileRole.Tar)
            kind = new FileKind(FileRole.Other, $"a gzip file of {kind.Description}");

        return stream;
    }

    /// <summary>Runs a read operation on an archive; damage is reported in one line with its location.</summary>
    /// <param name="path">The archive.</param>
    /// <param name="last">The last member that was read, or null.</param>
    /// <param name="read">The read operation.</param>
    /// <exception cref="NvgDataException">The archive is damaged.</exception>
    internal static T Read<T>(string path, string? last, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (IsDamage(error))
        {
            string where = last is null ? "at its beginning" : $"after {last}";
            throw NvgDataException.At(path, $"the archive is damaged {where}", $"{error.Message.TrimEnd('.')}; download it again", error);
        }
    }

    private static bool IsDamage(Exception error) =>
        error is IOException or InvalidDataException or FormatException or OverflowException or ArgumentException;
}
