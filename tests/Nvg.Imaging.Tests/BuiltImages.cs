using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;

namespace Nvg.Imaging.Tests;

/// <summary>Image files put together byte by byte.</summary>
internal static class BuiltImages
{
    /// <summary>A PNG of one row.</summary>
    internal static byte[] Png(int colourType, int bits, params byte[][] pixels) => PngWith(null, colourType, bits, pixels);

    /// <summary>A PNG of one row with an embedded profile.</summary>
    internal static byte[] PngWith(byte[]? profile, int colourType, int bits, params byte[][] pixels)
    {
        byte[] header = [0, 0, 0, (byte)pixels.Length, 0, 0, 0, 1, (byte)bits, (byte)colourType, 0, 0, 0];
        byte[] embedded = profile is null ? [] : Chunk("iCCP", [.. "test\0\0"u8, .. Deflate(profile)]);
        byte[] rows = Deflate([0, .. pixels.SelectMany(p => p)]);
        return [0x89, .. "PNG\r\n\x1a\n"u8, .. Chunk("IHDR", header), .. embedded, .. Chunk("IDAT", rows), .. Chunk("IEND", [])];
    }

    /// <summary>A baseline TIFF of 4 × 4 pixels of one ink mixture, with an embedded profile or none.</summary>
    internal static byte[] CmykTiff(byte[] ink, byte[]? profile = null)
    {
        const int pixels = 8, bits = 72, profileStart = 80;
        int directory = profileStart + ((profile?.Length ?? 0) + 1) / 2 * 2;
        List<(ushort Tag, ushort Type, int Count, int Value)> tags =
        [
            (256, 3, 1, 4), (257, 3, 1, 4), (258, 3, 4, bits), (259, 3, 1, 1), (262, 3, 1, 5),
            (273, 4, 1, pixels), (277, 3, 1, 4), (278, 3, 1, 4), (279, 4, 1, 64),
        ];
        if (profile is not null)
            tags.Add((34675, 7, profile.Length, profileStart));
        var tiff = new byte[directory + 2 + (tags.Count * 12) + 4];
        "II*\0"u8.CopyTo(tiff);
        BinaryPrimitives.WriteInt32LittleEndian(tiff.AsSpan(4), directory);
        for (int i = 0; i < 16; i++)
            ink.CopyTo(tiff, pixels + (i * 4));
        for (int i = 0; i < 4; i++)
            tiff[bits + (i * 2)] = 8;
        profile?.CopyTo(tiff, profileStart);
        tiff[directory] = (byte)tags.Count;
        for (int i = 0; i < tags.Count; i++)
        {
            Span<byte> at = tiff.AsSpan(directory + 2 + (i * 12));
            BinaryPrimitives.WriteUInt16LittleEndian(at, tags[i].Tag);
            BinaryPrimitives.WriteUInt16LittleEndian(at[2..], tags[i].Type);
            BinaryPrimitives.WriteInt32LittleEndian(at[4..], tags[i].Count);
            BinaryPrimitives.WriteInt32LittleEndian(at[8..], tags[i].Value);
        }

        return tiff;
    }

    private static byte[] Deflate(byte[] content)
    {
        using var data = new MemoryStream();
        using (var deflate = new ZLibStream(data, CompressionLevel.Fastest, leaveOpen: true))
            deflate.Write(content);
        return data.ToArray();
    }

    private static byte[] Chunk(string type, byte[] content)
    {
        byte[] body = [.. Encoding.ASCII.GetBytes(type), .. content], ends = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(ends, content.Length);
        BinaryPrimitives.WriteUInt32BigEndian(ends.AsSpan(4), Crc32.HashToUInt32(body));
        return [.. ends[..4], .. body, .. ends[4..]];
    }
}
