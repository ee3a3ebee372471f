using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Nvg.Imaging.Interop;

namespace Nvg.Imaging.Tests;

/// <summary>Kinds of images that no shared file has, put together byte by byte.</summary>
public class ImageKindTests
{
    /// <summary>Where the red corner of an image that is red at its upper left comes to lie.</summary>
    [Theory]
    [InlineData(0, 32, 16, 0, 0)]
    [InlineData(1, 32, 16, 0, 0)]
    [InlineData(2, 32, 16, 31, 0)]
    [InlineData(3, 32, 16, 31, 15)]
    [InlineData(4, 32, 16, 0, 15)]
    [InlineData(5, 16, 32, 0, 0)]
    [InlineData(6, 16, 32, 15, 0)]
    [InlineData(7, 16, 32, 15, 31)]
    [InlineData(8, 16, 32, 0, 31)]
    [InlineData(9, 32, 16, 0, 0)]
    public void Decode_ExifOrientation_IsApplied(int orientation, int width, int height, int x, int y)
    {
        var image = new RgbImage(32, 16);
        for (int row = 0; row < 8; row++)
        {
            for (int column = 0; column < 16; column++)
                image.Row(row)[column * 3] = 255;
        }

        byte[] jpeg = WithOrientation(ImageFile.Encode(image, ImageFormat.Jpeg), orientation);
        RgbImage upright = ImageFile.Decode(jpeg, "a");
        Assert.Equal((width, height), (upright.Width, upright.Height));
        Assert.InRange(upright.Pixel(x, y)[0], 200, 255);
        Assert.InRange(upright.Pixel(width - 1 - x, height - 1 - y)[0], 0, 50);
        RgbImage half = ImageFile.Decode(jpeg, "a", 8);
        Assert.Equal((width / 2, height / 2), (half.Width, half.Height));
        Assert.InRange(half.Pixel(x / 2, y / 2)[0], 200, 255);
    }

    [Fact]
    public void Decode_TransparentPng_ShowsWhite()
    {
        byte[] png = Png(colourType: 6, bits: 8, [255, 0, 0, 255], [0, 0, 0, 0], [0, 0, 0, 128]);
        RgbImage image = ImageFile.Decode(png, "a");
        Assert.Equal([255, 0, 0], image.Pixel(0, 0));
        Assert.Equal([255, 255, 255], image.Pixel(1, 0));
        Assert.InRange(image.Pixel(2, 0)[1], 126, 128);
    }

    [Fact]
    public void Decode_SixteenBitPng_KeepsTheUpperByte()
    {
        RgbImage image = ImageFile.Decode(Png(colourType: 2, bits: 16, [0x12, 0x34, 0xFF, 0xFF, 0x80, 0x00]), "a");
        Assert.Equal([0x12, 0xFF, 0x80], image.Pixel(0, 0));
    }

    [Theory]
    [InlineData(0, 8, new byte[] { 77 }, 77)]
    [InlineData(0, 16, new byte[] { 77, 9 }, 77)]
    [InlineData(4, 8, new byte[] { 77, 255 }, 77)]
    [InlineData(0, 1, new byte[] { 0x80 }, 255)]
    public void Decode_GreyPng_GetsThreeEqualChannels(int colourType, int bits, byte[] pixel, byte grey) =>
        Assert.Equal([grey, grey, grey], ImageFile.Decode(Png(colourType, bits, pixel), "a").Pixel(0, 0));

    [Fact]
    public void Decode_CmykTiff_BecomesColours()
    {
        RgbImage white = ImageFile.Decode(CmykTiff([0, 0, 0, 0]), "a"), black = ImageFile.Decode(CmykTiff([0, 0, 0, 255]), "b");
        RgbImage magenta = ImageFile.Decode(CmykTiff([0, 255, 0, 0]), "c");
        Assert.All(white.Pixel(1, 1), channel => Assert.InRange(channel, 250, 255));
        Assert.All(black.Pixel(1, 1), channel => Assert.InRange(channel, 0, 60));
        Assert.True(magenta.Pixel(1, 1)[0] > magenta.Pixel(1, 1)[1] + 100);
        RgbImage small = ImageFile.Decode(CmykTiff([0, 255, 0, 0]), "c", 2);
        Assert.InRange(Images.MeanDifference(small, magenta.Crop(0, 0, 2, 2)), 0, 2);
    }

    [Fact]
    public void Decode_CmykJpeg_BecomesColours()
    {
        RgbImage white = ImageFile.Decode(CmykJpeg([0, 0, 0, 0]), "a"), magenta = ImageFile.Decode(CmykJpeg([0, 255, 0, 0]), "b", 2);
        Assert.All(white.Pixel(1, 1), channel => Assert.InRange(channel, 250, 255));
        Assert.True(magenta.Pixel(1, 1)[0] > magenta.Pixel(1, 1)[1] + 100);
    }

    /// <summary>A JPEG of four inks, as some of ImageNet's are.</summary>
    private static unsafe byte[] CmykJpeg(byte[] ink)
    {
        ImageLibrary.Load();
        byte[] tiff = CmykTiff(ink);
        fixed (byte* bytes = tiff)
        {
            using VipsOperation load = VipsOperation.New("tiffload_buffer");
            using VipsImage image = load.Set("buffer", bytes, tiff.Length).Run();
            using VipsOperation save = VipsOperation.New("jpegsave_buffer");
            byte[] jpeg = save.Set("in", image).Set("Q", 95).RunToBytes();
            // Four components in the frame header.
            int frame = jpeg.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]);
            Assert.Equal(4, jpeg[frame + 9]);
            return jpeg;
        }
    }

    /// <summary>Puts an APP1 segment with the one tag 0x0112 behind the start marker.</summary>
    private static byte[] WithOrientation(byte[] jpeg, int orientation) =>
    [
        0xFF, 0xD8, 0xFF, 0xE1, 0, 34, .. "Exif\0\0II*\0"u8, 8, 0, 0, 0, 1, 0,
        0x12, 0x01, 3, 0, 1, 0, 0, 0, (byte)orientation, 0, 0, 0, 0, 0, 0, 0, .. jpeg[2..],
    ];

    /// <summary>A PNG of one row.</summary>
    private static byte[] Png(int colourType, int bits, params byte[][] pixels)
    {
        using var data = new MemoryStream();
        using (var deflate = new ZLibStream(data, CompressionLevel.Fastest, leaveOpen: true))
            deflate.Write([0, .. pixels.SelectMany(p => p)]);
        byte[] header = [0, 0, 0, (byte)pixels.Length, 0, 0, 0, 1, (byte)bits, (byte)colourType, 0, 0, 0];
        return [0x89, .. "PNG\r\n\x1a\n"u8, .. Chunk("IHDR", header), .. Chunk("IDAT", data.ToArray()), .. Chunk("IEND", [])];
    }

    private static byte[] Chunk(string type, byte[] content)
    {
        byte[] body = [.. Encoding.ASCII.GetBytes(type), .. content], ends = new byte[8];
        uint crc = uint.MaxValue;
        foreach (byte value in body)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320u);
        }

        BinaryPrimitives.WriteInt32BigEndian(ends, content.Length);
        BinaryPrimitives.WriteUInt32BigEndian(ends.AsSpan(4), ~crc);
        return [.. ends[..4], .. body, .. ends[4..]];
    }

    /// <summary>A baseline TIFF of 4 × 4 pixels of one ink mixture.</summary>
    private static byte[] CmykTiff(byte[] ink)
    {
        (ushort Tag, ushort Type, int Count, int Value)[] tags =
        [
            (256, 3, 1, 4), (257, 3, 1, 4), (258, 3, 4, 8 + 64), (259, 3, 1, 1), (262, 3, 1, 5),
            (273, 4, 1, 8), (277, 3, 1, 4), (278, 3, 1, 4), (279, 4, 1, 64),
        ];
        const int directory = 8 + 64 + 8;
        var tiff = new byte[directory + 2 + (tags.Length * 12) + 4];
        "II*\0"u8.CopyTo(tiff);
        BinaryPrimitives.WriteInt32LittleEndian(tiff.AsSpan(4), directory);
        for (int i = 0; i < 16; i++)
            ink.CopyTo(tiff, 8 + (i * 4));
        for (int i = 0; i < 4; i++)
            tiff[72 + (i * 2)] = 8;
        tiff[directory] = (byte)tags.Length;
        for (int i = 0; i < tags.Length; i++)
        {
            Span<byte> at = tiff.AsSpan(directory + 2 + (i * 12));
            BinaryPrimitives.WriteUInt16LittleEndian(at, tags[i].Tag);
            BinaryPrimitives.WriteUInt16LittleEndian(at[2..], tags[i].Type);
            BinaryPrimitives.WriteInt32LittleEndian(at[4..], tags[i].Count);
            BinaryPrimitives.WriteInt32LittleEndian(at[8..], tags[i].Value);
        }

        return tiff;
    }
}
