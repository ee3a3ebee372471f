using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;

namespace Nvg.Server.Tests;

/// <summary>Writes a valid PNG of one colour whose size has nothing to do with that of its file.</summary>
internal static class HugePng
{
    internal static byte[] Create(int width, int height)
    {
        using var file = new MemoryStream();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (8, 2);
        Chunk(file, "IHDR", header);
        Chunk(file, "IDAT", Rows(width, height));
        Chunk(file, "IEND", []);
        return file.ToArray();
    }

    // The same compressed rows again and again: zeros need no others before them.
    private static byte[] Rows(int width, int height)
    {
        const int rowsAtATime = 100;
        using var part = new MemoryStream();
        using (var deflate = new DeflateStream(part, CompressionLevel.Optimal, leaveOpen: true))
        {
            deflate.Write(new byte[rowsAtATime * (1 + 3 * width)]);
            deflate.Flush();
            part.SetLength(part.Position);
            byte[] rows = part.ToArray();
            using var all = new MemoryStream();
            all.Write([0x78, 0x9C]);
            for (int i = 0; i < height / rowsAtATime; i++)
                all.Write(rows);
            // An empty last block, and the checksum of zeros.
            all.Write([0x03, 0x00]);
            byte[] adler = new byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(adler, (uint)((long)height * (1 + 3 * width) % 65521 << 16 | 1));
            all.Write(adler);
            return all.ToArray();
        }
    }

    private static void Chunk(Stream file, string type, byte[] data)
    {
        byte[] body = [.. Encoding.ASCII.GetBytes(type), .. data];
        byte[] number = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        file.Write(body);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.HashToUInt32(body));
        file.Write(number);
    }
}
