using System.Buffers.Binary;
using System.Text;

namespace Nvg.Data.Files;

/// <summary>A header block of a tar archive (POSIX ustar and pax, GNU, and the older V7 form).</summary>
/// <param name="Name">Bytes of the path.</param>
/// <param name="Type">Type flag of the member.</param>
/// <param name="Size">Size of the following content in bytes.</param>
/// <param name="IsExtendedSparse">Whether GNU sparse blocks follow the header.</param>
internal sealed record TarHeader(byte[] Name, char Type, long Size, bool IsExtendedSparse)
{
    /// <summary>Length of a block.</summary>
    internal const int BlockLength = 512;

    private const int NameLength = 100, ChecksumOffset = 148, ChecksumLength = 8, PrefixOffset = 345, PrefixLength = 155;
    private const int SizeOffset = 124, SizeLength = 12, TypeOffset = 156, MagicOffset = 257, SparseContinuation = 482;

    /// <summary>Reads a header block.</summary>
    /// <returns>The header, or null if the block is not a header because its checksum is wrong.</returns>
    internal static TarHeader? Parse(ReadOnlySpan<byte> block)
    {
        if (!IsHeader(block))
            return null;
        ReadOnlySpan<byte> magic = block.Slice(MagicOffset, 8);
        byte[] name = Text(block[..NameLength]);
        // GNU archives use the prefix field for other purposes.
        if (magic.StartsWith("ustar\0"u8) && Text(block.Slice(PrefixOffset, PrefixLength)) is { Length: > 0 } prefix)
            name = [.. prefix, (byte)'/', .. name];
        char type = (char)block[TypeOffset];
        return new TarHeader(name, type, Number(block.Slice(SizeOffset, SizeLength)), type == 'S' && block[SparseContinuation] != 0);
    }

    /// <summary>Whether a block has the checksum of a header.</summary>
    internal static bool IsHeader(ReadOnlySpan<byte> block)
    {
        if (block.Length < BlockLength || block[0] == 0)
            return false;
        long unsigned = ChecksumLength * ' ', signed = unsigned;
        for (int i = 0; i < BlockLength; i++)
        {
            if (i is >= ChecksumOffset and < ChecksumOffset + ChecksumLength)
                continue;
            unsigned += block[i];
            signed += (sbyte)block[i];
        }

        long stored = Number(block.Slice(ChecksumOffset, ChecksumLength));
        // Some old programs computed the sum with signed bytes.
        return stored == unsigned || stored == signed;
    }

    // Octal digits, or a big-endian number after a first byte of 0x80.
    private static long Number(ReadOnlySpan<byte> field)
    {
        if (field[0] == 0x80)
            return BinaryPrimitives.ReadInt64BigEndian(field[^8..]);
        long number = 0;
        bool any = false;
        foreach (byte digit in field)
        {
            if (digit is >= (byte)'0' and <= (byte)'7')
                (number, any) = ((number << 3) + (digit - '0'), true);
            else if (any || digit != ' ')
                break;
        }

        return any ? number : field.IndexOfAnyExcept((byte)0, (byte)' ') < 0 ? 0 : -1;
    }

    private static byte[] Text(ReadOnlySpan<byte> field) =>
        field.IndexOf((byte)0) is >= 0 and var end ? field[..end].ToArray() : field.ToArray();

    /// <inheritdoc/>
    public override string ToString() => $"{Encoding.Latin1.GetString(Name)} ({Type}, {Size} bytes)";
}
