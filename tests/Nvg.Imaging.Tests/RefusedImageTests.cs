using System.Text;

namespace Nvg.Imaging.Tests;

/// <summary>A refusal says what the file is, whatever its name says.</summary>
public sealed class RefusedImageTests
{
    public static TheoryData<string, byte[], string> Unread { get; } = new()
    {
        { "a.jpg", Encoding.ASCII.GetBytes(
            "BM\u0036\0\0\0\0\0\0\0\u0036\0\0\0"), "is in BMP format, which is not supported for security reasons; convert it" },
        { "a.png", Encoding.ASCII.GetBytes("P6\n8 8\n255\n"), "is in PPM format, which is not supported for security reasons" },
        { "a.png", Encoding.ASCII.GetBytes("P3 1 1 255 0 0 0\n"), "is in PPM format" },
        { "a.png", Encoding.ASCII.GetBytes(
            "<svg xmlns=\"http://www.w3.org/2000/svg\"/>"), "is in SVG format, which is not supported for security reasons" },
        { "a.png", Encoding.ASCII.GetBytes("<?xml version=\"1.0\"?>\n<!-- x --><svg/>"), "is in SVG format" },
        { "a.png", [0xFF, 0x0A, 0xCB, 0x40], "is in JPEG XL format, which is not supported for security reasons" },
        { "a.png", [0, 0, 0, 0x0C, 0x4A, 0x58, 0x4C, 0x20, 0x0D, 0x0A], "is in JPEG XL format" },
        { "a.tif", Encoding.ASCII.GetBytes("8BPS\0\u0001"), "is in Photoshop format, which is not supported for security reasons" },
        { "a.tif", Encoding.ASCII.GetBytes("v/1\u0001\u0002\0\0\0"), "is in OpenEXR format, which is not supported for security reasons" },
        { "a.png", Encoding.ASCII.GetBytes("%PDF-1.7\n"), "is in PDF format, which is not supported for security reasons" },
        { "a.jpg", Encoding.ASCII.GetBytes(
            "version https://git-lfs.github.com/spec/v1\n"), "is a Git LFS pointer, not the file itself; run git lfs pull" },
        { "a.jpg", Encoding.ASCII.GetBytes("<html><body>404"), "is a web page, not the file itself; download it again" },
        { "a.jpg", Encoding.ASCII.GetBytes("hello, world"), "is not an image in a known format, but text; give JPEG" },
        { "a.jpg", Encoding.Latin1.GetBytes("\u0093NUMPY\u0001\0"), "is not an image in a known format, but a NumPy array" },
        { "a.jpg", [1, 2, 3, 0, 5, 6, 7, 8], "is not an image in a known format; give JPEG" },
    };

    [Theory]
    [MemberData(nameof(Unread))]
    public void Decode_WhatIsNoReadableImage_SaysWhatItIs(string name, byte[] content, string words)
    {
        Assert.StartsWith($"{name}: {words}", Refuse(() => ImageFile.Decode(content, name)), StringComparison.Ordinal);
        Assert.StartsWith($"{name}: {words}", Refuse(() => ImageFile.Decode(content, name, 8)), StringComparison.Ordinal);
        Assert.StartsWith($"{name}: {words}", Refuse(() => ImageFile.DecodeHeader(content, name)), StringComparison.Ordinal);
        Assert.StartsWith($"{name}: {words}", Refuse(() => ImageFile.DecodeMap(content, name)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ImageFormat.Png, ".png")]
    [InlineData(ImageFormat.Jpeg, ".jpg")]
    public void Decode_HalfAnImage_IsRefused(ImageFormat format, string ending)
    {
        var image = new RgbImage(64, 64);
        new Random(1).NextBytes(image.Pixels);
        byte[] whole = ImageFile.Encode(image, format);
        foreach (int length in new[] { 6, whole.Length / 2, whole.Length - 40 })
        {
            string message = Refuse(() => ImageFile.Decode(whole.AsMemory(0, length), "cut" + ending));
            Assert.DoesNotContain("operation is blocked", message, StringComparison.Ordinal);
            Assert.DoesNotContain("known format", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Decode_TiffWhoseDirectoryIsCutOff_SaysSo()
    {
        // The directory of a TIFF is usually behind the pixels: here at byte 874 of a file of 571.
        foreach (byte[] start in new byte[][] { [(byte)'I', (byte)'I', 42, 0, 0x6A, 3, 0, 0], [
            (byte)'M', (byte)'M', 0, 42, 0, 0, 3, 0x6A] })
        {
            byte[] cut = [.. start, .. new byte[563]];
            Assert.StartsWith("cut.tif: is a TIFF image that breaks off or is damaged; download or create it again",
                Refuse(() => ImageFile.Decode(cut, "cut.tif")), StringComparison.Ordinal);
        }
    }

    private static string Refuse(Func<object> decode)
    {
        string message = Assert.Throws<NvgDataException>(decode).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }
}
