using NetVips;

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
        byte[] png = BuiltImages.Png(colourType: 6, bits: 8, [255, 0, 0, 255], [0, 0, 0, 0], [0, 0, 0, 128]);
        RgbImage image = ImageFile.Decode(png, "a");
        Assert.Equal([255, 0, 0], image.Pixel(0, 0));
        Assert.Equal([255, 255, 255], image.Pixel(1, 0));
        Assert.InRange(image.Pixel(2, 0)[1], 126, 128);
    }

    [Fact]
    public void Decode_SixteenBitPng_KeepsTheUpperByte()
    {
        RgbImage image = ImageFile.Decode(BuiltImages.Png(colourType: 2, bits: 16, [0x12, 0x34, 0xFF, 0xFF, 0x80, 0x00]), "a");
        Assert.Equal([0x12, 0xFF, 0x80], image.Pixel(0, 0));
    }

    [Theory]
    [InlineData(0, 8, new byte[] { 77 }, 77)]
    [InlineData(0, 16, new byte[] { 77, 9 }, 77)]
    [InlineData(4, 8, new byte[] { 77, 255 }, 77)]
    [InlineData(0, 1, new byte[] { 0x80 }, 255)]
    public void Decode_GreyPng_GetsThreeEqualChannels(int colourType, int bits, byte[] pixel, byte grey) =>
        Assert.Equal([grey, grey, grey], ImageFile.Decode(BuiltImages.Png(colourType, bits, pixel), "a").Pixel(0, 0));

    [Fact]
    public void Decode_CmykTiff_BecomesColours()
    {
        RgbImage white = ImageFile.Decode(BuiltImages.CmykTiff([0, 0, 0, 0]), "a");
        RgbImage black = ImageFile.Decode(BuiltImages.CmykTiff([0, 0, 0, 255]), "b");
        RgbImage magenta = ImageFile.Decode(BuiltImages.CmykTiff([0, 255, 0, 0]), "c");
        Assert.All(white.Pixel(1, 1), channel => Assert.InRange(channel, 250, 255));
        Assert.All(black.Pixel(1, 1), channel => Assert.InRange(channel, 0, 60));
        Assert.True(magenta.Pixel(1, 1)[0] > magenta.Pixel(1, 1)[1] + 100);
        RgbImage small = ImageFile.Decode(BuiltImages.CmykTiff([0, 255, 0, 0]), "c", 2);
        Assert.InRange(Images.MeanDifference(small, magenta.Crop(0, 0, 2, 2)), 0, 2);
    }

    [Fact]
    public void Decode_CmykJpeg_BecomesColours()
    {
        RgbImage white = ImageFile.Decode(CmykJpeg([0, 0, 0, 0]), "a");
        RgbImage magenta = ImageFile.Decode(CmykJpeg([0, 255, 0, 0]), "b", 2);
        Assert.All(white.Pixel(1, 1), channel => Assert.InRange(channel, 250, 255));
        Assert.True(magenta.Pixel(1, 1)[0] > magenta.Pixel(1, 1)[1] + 100);
    }

    [Fact]
    public void DecodeMap_SixteenBits_KeepsEveryValue()
    {
        ScalarMap map = ImageFile.DecodeMap(BuiltImages.Png(colourType: 0, bits: 16, [0x12, 0x34], [0x12, 0x35], [0xFF, 0xFF]), "a");
        Assert.Equal((3, 1, 65535.0), (map.Width, map.Height, map.FullScale));
        Assert.Equal([0x1234, 0x1235, 0xFFFF], map.Values);
    }

    [Fact]
    public void DecodeMap_FloatTiff_KeepsEveryValue()
    {
        ImageLibrary.Load();
        float[] depths = [0.1f, 2.5f, 1000.25f, -3f];
        using var image = Image.NewFromMemory<float>(depths.AsMemory(), 2, 2, 1, Enums.BandFormat.Float);
        ScalarMap map = ImageFile.DecodeMap(image.TiffsaveBuffer(), "a");
        Assert.Equal((2, 2, 1.0), (map.Width, map.Height, map.FullScale));
        Assert.Equal(depths, map.Values);
    }

    [Fact]
    public void DecodeMap_Colours_GivesTheirLuma()
    {
        ScalarMap map = ImageFile.DecodeMap(BuiltImages.Png(colourType: 2, bits: 8, [255, 0, 0], [10, 10, 10]), "a");
        Assert.Equal(76.245, map.Values[0], 3);
        Assert.Equal(10, map.Values[1], 3);
    }

    [Fact]
    public void DecodeMap_Infinity_IsRefused()
    {
        ImageLibrary.Load();
        using var image = Image.NewFromMemory<float>(new[] { 1f, float.PositiveInfinity }.AsMemory(), 2, 1, 1, Enums.BandFormat.Float);
        byte[] tiff = image.TiffsaveBuffer();
        Assert.StartsWith(
            "a: holds values that are not finite",
            Assert.Throws<NvgDataException>(() => ImageFile.DecodeMap(tiff, "a")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Decode_Heic_IsRefusedWithAWayOut()
    {
        NvgDataException error = Assert.Throws<NvgDataException>(() => ImageFile.Decode(Convert.FromBase64String(Heic), "a.heic"));
        Assert.StartsWith("a.heic: is a HEIC image", error.Message, StringComparison.Ordinal);
        Assert.Contains("NVG_VIPS", error.Remedy, StringComparison.Ordinal);
    }

    /// <summary>A JPEG of four inks, as some of ImageNet's are.</summary>
    private static byte[] CmykJpeg(byte[] ink)
    {
        ImageLibrary.Load();
        using var image = Image.NewFromBuffer(BuiltImages.CmykTiff(ink));
        byte[] jpeg = image.JpegsaveBuffer(q: 95);
        // Four components in the frame header.
        int frame = jpeg.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]);
        Assert.Equal(4, jpeg[frame + 9]);
        return jpeg;
    }

    /// <summary>Puts an APP1 segment with the one tag 0x0112 behind the start marker.</summary>
    private static byte[] WithOrientation(byte[] jpeg, int orientation) =>
    [
        0xFF, 0xD8, 0xFF, 0xE1, 0, 34, .. "Exif\0\0II*\0"u8, 8, 0, 0, 0, 1, 0,
        0x12, 0x01, 3, 0, 1, 0, 0, 0, (byte)orientation, 0, 0, 0, 0, 0, 0, 0, .. jpeg[2..],
    ];

    // 8 × 8 pixels of one colour, encoded with libheif and x265.
    private const string Heic =
        "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAa1tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAA"
        + "AA5waXRtAAAAAAACAAAAEGlkYXQAAAAAAAgACAAAADhpbG9jAQAAAERAAAIAAQAAAAAAAAHRAAEAAAAAAAAAJgACAAEAAAAAAAAA"
        + "AQAAAAAAAAAIAAAAOGlpbmYAAAAAAAIAAAAVaW5mZQIAAAEAAQAAaHZjMQAAAAAVaW5mZQIAAAAAAgAAZ3JpZAAAAADYaXBycAAA"
        + "ALZpcGNvAAAAdmh2Y0MBA3AAAAAAAAAAAAAe8AD8/fj4AAAPAyAAAQAYQAEMAf//A3AAAAMAkAAAAwAAAwAeugJAIQABACpCAQED"
        + "cAAAAwCQAAADAAADAB6gIIEFluqumubgQEDAgAAAAwCAAAADAIQiAAEABkQBwXPBiQAAABRpc3BlAAAAAAAAAEAAAABAAAAAFGlz"
        + "cGUAAAAAAAAACAAAAAgAAAAQcGl4aQAAAAADCAgIAAAAGmlwbWEAAAAAAAAAAgABAoECAAICA4QAAAAaaXJlZgAAAAAAAAAOZGlt"
        + "ZwACAAEAAQAAAC5tZGF0AAAAIigBrwQSE0zg+OnCaD+6L+zZVu48n7SrK+NJn3exGJKp/6A=";
}
