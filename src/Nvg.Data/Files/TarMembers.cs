using System.Globalization;
using System.Text;

namespace Nvg.Data.Files;

/// <summary>
/// Reads the members of a tar archive in order, with their names as bytes. Concatenated archives are read as one. Not thread-safe.
/// </summary>
/// <param name="stream">The archive, uncompressed; borrowed.</param>
internal sealed class TarMembers(Stream stream)
{
    // A longer name means a damaged header, because no file system supports it.
    private const int LongestExtension = 1 << 20;

    private readonly byte[] _block = new byte[TarHeader.BlockLength];
    private long _rest;
    private bool _hasEnded;

    /// <summary>Whether the end of the archive is followed by bytes that are not an archive.</summary>
    internal bool HasTrailingBytes { get; private set; }

    /// <summary>Reads the next member; null at the end.</summary>
    /// <exception cref="InvalidDataException">The archive is damaged, or ends early.</exception>
    internal TarMember? Next()
    {
        Skip(_rest);
        _rest = 0;
        byte[]? longName = null;
        long? size = null;
        bool isSparse = false;
        while (NextHeader() is { } header)
        {
            if (header.Size < 0)
                throw new InvalidDataException("a header has no valid size");
            switch (header.Type)
            {
                case 'L':
                    longName = Terminated(Extension(header));
                    break;
                case 'x':
                    foreach ((string key, byte[] value) in PaxRecords(Extension(header)))
                    {
                        if (key == "path")
                            longName = value;
                        else if (key == "size")
                            size = long.Parse(value, NumberStyles.None, CultureInfo.InvariantCulture);
                        isSparse |= key.StartsWith("GNU.sparse.", StringComparison.Ordinal);
                    }

                    break;
                case 'g' or 'K':
                    Extension(header);
                    break;
                default:
                    for (bool more = header.IsExtendedSparse; more; more = _block[504] != 0)
                        ReadBlock();
                    var member = new TarMember(longName ?? header.Name, header.Type, size ?? header.Size, isSparse || header.Type == 'S');
                    bool hasContent = header.Type is not ('1' or '2' or '3' or '4' or '5' or '6');
                    _rest = hasContent ? Padded(member.Size) : 0;
                    return member;
            }
        }

        return null;
    }

    /// <summary>The content of the current member as a stream, which is valid until the next one is read.</summary>
    internal Stream Content(TarMember member)
    {
        _rest = Padded(member.Size) - member.Size;
        return new BoundedStream(stream, member.Size, unread => _rest += unread);
    }

    private TarHeader? NextHeader()
    {
        while (TryReadBlock())
        {
            if (_block.AsSpan().IndexOfAnyExcept((byte)0) < 0)
            {
                _hasEnded = true;
                continue;
            }

            if (TarHeader.Parse(_block) is { } header)
            {
                _hasEnded = false;
                return header;
            }

            if (!_hasEnded)
                throw new InvalidDataException("a header has a wrong checksum");
            HasTrailingBytes = true;
            return null;
        }

        return _hasEnded ? null : throw new InvalidDataException("the archive ends without its end mark");
    }

    private byte[] Extension(TarHeader header)
    {
        if (header.Size > LongestExtension)
            throw new InvalidDataException("an extended header is too long");
        byte[] content = new byte[header.Size];
        stream.ReadExactly(content);
        Skip(Padded(header.Size) - header.Size);
        return content;
    }

    // Each record is "length key=value\n", where the length counts the whole record.
    private static IEnumerable<(string Key, byte[] Value)> PaxRecords(byte[] content)
    {
        for (int start = 0; start < content.Length && content[start] != 0;)
        {
            int space = Array.IndexOf(content, (byte)' ', start);
            if (space < 0 || !TryParse(content.AsSpan(start, space - start), out int length))
                throw new InvalidDataException("an extended header is damaged");
            int end = start + length, equals = Array.IndexOf(content, (byte)'=', space);
            if (equals < 0 || equals >= end || end > content.Length)
                throw new InvalidDataException("an extended header is damaged");
            yield return (Encoding.UTF8.GetString(content, space + 1, equals - space - 1), content[(equals + 1)..(end - 1)]);
            start = end;
        }
    }

    private static bool TryParse(ReadOnlySpan<byte> digits, out int number) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static byte[] Terminated(byte[] name) => Array.IndexOf(name, (byte)0) is >= 0 and var end ? name[..end] : name;

    private static long Padded(long size) => (size + TarHeader.BlockLength - 1) / TarHeader.BlockLength * TarHeader.BlockLength;

    private void ReadBlock() => stream.ReadExactly(_block);

    // A remainder shorter than a block is padding if the archive has ended; otherwise the archive is truncated.
    private bool TryReadBlock()
    {
        int read = stream.ReadAtLeast(_block, _block.Length, throwOnEndOfStream: false);
        if (read is > 0 and < TarHeader.BlockLength)
        {
            if (!_hasEnded)
                throw new InvalidDataException("the archive ends within a header");
            HasTrailingBytes = _block.AsSpan(0, read).IndexOfAnyExcept((byte)0) >= 0;
            return false;
        }

        return read > 0;
    }

    private void Skip(long count)
    {
        if (count <= 0)
            return;
        if (stream.CanSeek)
        {
            if (stream.Length - stream.Position < count)
                throw new EndOfStreamException();
            stream.Seek(count, SeekOrigin.Current);
            return;
        }

        byte[] buffer = new byte[Math.Min(count, 1 << 16)];
        while (count > 0)
        {
            int read = stream.Read(buffer, 0, (int)Math.Min(count, buffer.Length));
            if (read == 0)
                throw new EndOfStreamException();
            count -= read;
        }
    }
}
