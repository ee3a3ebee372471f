using System.Buffers.Binary;

namespace Nvg.Torch.Files.Zip;

/// <summary>The checksum of zip archives (polynomial 0x04C11DB7, reflected), eight bytes at a time.</summary>
public sealed class Crc32
{
    private const uint Polynomial = 0xEDB88320;
    private const int Lanes = 8;
    private const int TableSize = 256;

    // Row k holds what a byte contributes when k more bytes follow it.
    private static readonly uint[] Tables = MakeTables();

    private uint _state = uint.MaxValue;

    /// <summary>Of all bytes so far.</summary>
    public uint Value => ~_state;

    /// <summary>Of some bytes alone.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        var crc = new Crc32();
        crc.Append(bytes);
        return crc.Value;
    }

    /// <summary>Takes in the next bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        uint state = _state;
        uint[] tables = Tables;
        for (; bytes.Length >= Lanes; bytes = bytes[Lanes..])
        {
            ulong lanes = BinaryPrimitives.ReadUInt64LittleEndian(bytes) ^ state;
            state = tables[(7 * TableSize) + (int)(lanes & 0xFF)]
                ^ tables[(6 * TableSize) + (int)((lanes >> 8) & 0xFF)]
                ^ tables[(5 * TableSize) + (int)((lanes >> 16) & 0xFF)]
                ^ tables[(4 * TableSize) + (int)((lanes >> 24) & 0xFF)]
                ^ tables[(3 * TableSize) + (int)((lanes >> 32) & 0xFF)]
                ^ tables[(2 * TableSize) + (int)((lanes >> 40) & 0xFF)]
                ^ tables[TableSize + (int)((lanes >> 48) & 0xFF)]
                ^ tables[(int)(lanes >> 56)];
        }

        foreach (byte value in bytes)
            state = tables[(byte)(state ^ value)] ^ (state >> 8);
        _state = state;
    }

    private static uint[] MakeTables()
    {
        uint[] tables = new uint[Lanes * TableSize];
        for (uint value = 0; value < TableSize; value++)
        {
            uint remainder = value;
            for (int bit = 0; bit < 8; bit++)
                remainder = (remainder & 1) != 0 ? (remainder >> 1) ^ Polynomial : remainder >> 1;
            tables[value] = remainder;
        }

        for (int i = TableSize; i < tables.Length; i++)
            tables[i] = tables[(byte)tables[i - TableSize]] ^ (tables[i - TableSize] >> 8);
        return tables;
    }
}
