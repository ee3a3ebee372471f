using System.Buffers.Binary;
using System.Numerics;

namespace Nvg.Training.TensorBoard;

/// <summary>
/// The TFRecord format: length (uint64), its checksum, content, its checksum, all little-endian. Checksums are CRC-32C,
/// rotated and shifted so that a checksum of data that contain checksums stays meaningful.
/// </summary>
internal static class RecordFraming
{
    private const uint MaskDelta = 0xA282EAD8;

    internal static byte[] Frame(ReadOnlySpan<byte> content)
    {
        byte[] record = new byte[sizeof(ulong) + sizeof(uint) + content.Length + sizeof(uint)];
        Span<byte> length = record.AsSpan(0, sizeof(ulong));
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)content.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(sizeof(ulong)), MaskedChecksum(length));
        content.CopyTo(record.AsSpan(sizeof(ulong) + sizeof(uint)));
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(record.Length - sizeof(uint)), MaskedChecksum(content));
        return record;
    }

    internal static uint MaskedChecksum(ReadOnlySpan<byte> data) => BitOperations.RotateRight(Checksum(data), 15) + MaskDelta;

    internal static uint Checksum(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in data)
            crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }
}
