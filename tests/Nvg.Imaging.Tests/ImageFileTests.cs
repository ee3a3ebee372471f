namespace Nvg.Imaging.Tests;

public class ImageFileTests
{
    [Theory]
    [InlineData("a.png", 0)]
    [InlineData("a.WEBP", 0)]
    [InlineData("a.jpg", 2)]
    [InlineData("a.gif", 8)]
    public void Write_ThenRead_KeepsTheImage(string name, double tolerance)
    {
        using var folder = new TemporaryFolder();
        RgbImage image = Images.Gradient(48, 33, shade: 77);
        ImageFile.Write(folder[name], image);
        RgbImage read = ImageFile.Read(folder[name]);
        Assert.Equal((48, 33), (read.Width, read.Height));
        Assert.InRange(Images.MeanDifference(image, read), 0, tolerance);
        Assert.Single(Directory.GetFileSystemEntries(folder.Root));
    }

    [Fact]
    public void Write_UnknownExtension_NamesTheOnesThereAre() =>
        Assert.Contains(".webp", Assert.Throws<ArgumentException>(() => ImageFile.Write("a.txt", Images.Gradient(2, 2))).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Write_FolderInTheWay_LeavesNothingBehind()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["a.png/inside"]);
        Assert.Contains("a.png", Assert.Throws<IOException>(() => ImageFile.Write(folder["a.png"], Images.Gradient(2, 2))).Message,
            StringComparison.Ordinal);
        Assert.Single(Directory.GetFileSystemEntries(folder.Root));
    }

    [Fact]
    public void Write_MissingFolder_MakesIt()
    {
        using var folder = new TemporaryFolder();
        ImageFile.Write(folder["new/a.png"], Images.Gradient(2, 2));
        Assert.Equal(2, ImageFile.Read(folder["new/a.png"]).Width);
    }

    [Fact]
    public void Write_BelowAFile_SaysWhere()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["none"], "a file");
        Assert.Contains("none", Assert.ThrowsAny<IOException>(() => ImageFile.Write(folder["none/a.png"], Images.Gradient(2, 2))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Decode_TextNamedPng_IsRefusedInOneLine()
    {
        var error = Assert.Throws<NvgDataException>(() => ImageFile.Decode("only some text, no image"u8.ToArray(), "fake.png"));
        Assert.StartsWith("fake.png: is not an image in a known format", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Decode_NoBytes_SaysEmpty() =>
        Assert.Equal("a.jpg: is empty",
            Assert.Throws<NvgDataException>(() => ImageFile.Decode(ReadOnlyMemory<byte>.Empty, "a.jpg")).Message);

    [Theory]
    [InlineData(ImageFormat.Jpeg, null)]
    [InlineData(ImageFormat.Jpeg, 16)]
    [InlineData(ImageFormat.Png, null)]
    [InlineData(ImageFormat.Png, 16)]
    [InlineData(ImageFormat.WebP, null)]
    [InlineData(ImageFormat.Gif, null)]
    public void Decode_BrokenOff_IsRefused(ImageFormat format, int? shorterSide)
    {
        byte[] whole = ImageFile.Encode(Images.Gradient(200, 150), format);
        foreach (double part in new[] { 0.1, 0.5, 0.9 })
        {
            ReadOnlyMemory<byte> broken = whole.AsMemory(0, (int)(whole.Length * part));
            var error = Assert.Throws<NvgDataException>(() => shorterSide is { } side
                ? ImageFile.Decode(broken, "broken", side)
                : ImageFile.Decode(broken, "broken"));
            Assert.StartsWith("broken: ", error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', error.Message);
        }
    }

    [Fact]
    public void Decode_ManyThreadsSomeBroken_GivesEveryFileItsOwnWords()
    {
        byte[] good = ImageFile.Encode(Images.Gradient(40, 30), ImageFormat.Jpeg);
        byte[] text = "no image"u8.ToArray(), broken = good[..(good.Length / 2)];
        string brokenWords = Assert.Throws<NvgDataException>(() => ImageFile.Decode(broken, "x")).Message;
        Parallel.For(0, 400, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i =>
        {
            if (i % 4 == 1)
                Assert.Equal(brokenWords, Assert.Throws<NvgDataException>(() => ImageFile.Decode(broken, "x")).Message);
            else if (i % 4 == 3)
                Assert.Contains("known format", Assert.Throws<NvgDataException>(() => ImageFile.Decode(text, "x")).Message,
                    StringComparison.Ordinal);
            else
                Assert.Equal(30, ImageFile.Decode(good, "x").Height);
        });
    }

    [Fact]
    public void Decode_SizeAlready_KeepsThePixels()
    {
        byte[] jpeg = ImageFile.Encode(Images.Gradient(40, 32), ImageFormat.Jpeg);
        Assert.Equal(ImageFile.Decode(jpeg, "a").Pixels, ImageFile.Decode(jpeg, "a", 32).Pixels);
    }

    // Images of up to 65,536 pixels are decoded in one piece, larger ones in tiles by libvips.
    [Theory]
    [InlineData(256, 256)]
    [InlineData(257, 256)]
    [InlineData(1, 65_537)]
    public void Decode_SizesAroundTheLimitOfOnePiece_KeepEveryPixel(int width, int height)
    {
        RgbImage image = Images.Gradient(width, height, shade: 31);
        Assert.Equal(image.Pixels, ImageFile.Decode(ImageFile.Encode(image, ImageFormat.Png), "a").Pixels);
    }

    [Theory]
    [InlineData(90, 60, 20, 30, 20)]
    [InlineData(60, 90, 20, 20, 30)]
    [InlineData(20, 10, 40, 80, 40)]
    [InlineData(333, 100, 64, 213, 64)]
    public void Decode_ShorterSide_RoundsTheLonger(int width, int height, int side, int expectedWidth, int expectedHeight)
    {
        // The tolerance leaves room for the half pixel of the result by which libvips shifts what it enlarges.
        RgbImage resized = ImageFile.Decode(ImageFile.Encode(Images.Gradient(width, height), ImageFormat.Png), "a", side);
        Assert.Equal((expectedWidth, expectedHeight), (resized.Width, resized.Height));
        Assert.InRange(Images.MeanDifference(Images.Gradient(expectedWidth, expectedHeight), resized), 0, 2);
    }

    [Fact]
    public void Decode_MoreMillionsThanAllowed_IsRefusedBeforeDecoding()
    {
        // A PNG header that claims 100000 x 100000 and nothing else.
        byte[] claim = Convert.FromHexString("89504E470D0A1A0A0000000D49484452000186A0000186A0080200000000000000");
        Assert.Throws<NvgDataException>(() => ImageFile.Decode(claim, "bomb.png"));
    }

    [Fact]
    public void EncodeAnimation_FourFrames_KeepsCountAndDelays()
    {
        RgbImage[] frames = [.. Enumerable.Range(0, 4).Select(i => Images.Gradient(32, 24, shade: i * 80))];
        byte[] gif = ImageFile.EncodeAnimation(frames, [.. Enumerable.Repeat(TimeSpan.FromMilliseconds(250), 3), TimeSpan.FromSeconds(2)]);
        int[] delays = GifDelays(gif);
        Assert.Equal([25, 25, 25, 200], delays);
        RgbImage first = ImageFile.Decode(gif, "a.gif");
        Assert.Equal((32, 24), (first.Width, first.Height));
    }

    [Fact]
    public void EncodeAnimation_DelayMissing_IsRefused() =>
        Assert.Throws<ArgumentException>(() => ImageFile.EncodeAnimation([Images.Gradient(2, 2)], []));

    [SharedFact("data/imagenet-originals")]
    public void Read_AwkwardOriginals_HaveTheirUprightSizes()
    {
        foreach ((string name, int width, int height) in Originals)
        {
            RgbImage image = ImageFile.Read(Original(name));
            Assert.Equal((name, width, height), (name, image.Width, image.Height));
            RgbImage small = ImageFile.Read(Original(name), 64);
            Assert.Equal(64, Math.Min(small.Width, small.Height));
            // Shrinking keeps the overall colour.
            Assert.InRange(Math.Abs(Mean(image) - Mean(small)), 0, 1.5);
        }
    }

    [SharedFact("data/imagenet-originals")]
    public void Read_Greyscale_HasEqualChannels()
    {
        foreach (string name in new[] { "n02692877_airship", "n03804744_nail", "n03992509_potter's_wheel", "n04090263_rifle",
            "n04254680_soccer_ball" })
        {
            byte[] pixels = ImageFile.Read(Original(name)).Pixels;
            for (int i = 0; i < pixels.Length; i += 3)
                Assert.True(pixels[i] == pixels[i + 1] && pixels[i] == pixels[i + 2], name);
        }
    }

    [SharedFact("data/imagenet-originals")]
    public void Decode_ShrinkOnLoad_StaysCloseToFullDecoding()
    {
        // The same image without the chance to shrink in the decoder.
        byte[] jpeg = File.ReadAllBytes(Original("n02091032_Italian_greyhound"));
        byte[] png = ImageFile.Encode(ImageFile.Decode(jpeg, "a"), ImageFormat.Png);
        Assert.InRange(Images.MeanDifference(ImageFile.Decode(jpeg, "a", 256), ImageFile.Decode(png, "b", 256)), 0, 1);
    }

    private static double Mean(RgbImage image) => image.Pixels.Average(p => (double)p);

    private static string Original(string name) => SharedMaterial.Path("data", "imagenet-originals", name + ".JPEG");

    /// <summary>The delays in hundredths of a second, from the graphic control extensions.</summary>
    private static int[] GifDelays(byte[] gif)
    {
        var delays = new List<int>();
        for (int i = 0; i < gif.Length - 7; i++)
        {
            if (gif[i] == 0x21 && gif[i + 1] == 0xF9 && gif[i + 2] == 4 && gif[i + 7] == 0)
                delays.Add(gif[i + 4] | (gif[i + 5] << 8));
        }

        return [.. delays];
    }

    /// <summary>Sizes after turning; only the can opener is stored lying on its side.</summary>
    private static readonly (string Name, int Width, int Height)[] Originals =
    [
        ("n01532829_house_finch", 500, 416), ("n01728572_thunder_snake", 500, 333), ("n01748264_Indian_cobra", 220, 530),
        ("n01798484_prairie_chicken", 500, 188), ("n01871265_tusker", 75, 56), ("n02088364_beagle", 615, 640),
        ("n02091032_Italian_greyhound", 2400, 1600), ("n02100583_vizsla", 794, 709), ("n02692877_airship", 350, 156),
        ("n02817516_bearskin", 95, 95), ("n02951585_can_opener", 294, 392), ("n03337140_file", 1600, 1200),
        ("n03461385_grocery_store", 800, 1066), ("n03584829_iron", 100, 100), ("n03617480_kimono", 1124, 1632),
        ("n03804744_nail", 183, 280), ("n03843555_oil_filter", 1836, 1377), ("n03866082_overskirt", 68, 121),
        ("n03992509_potter's_wheel", 500, 333), ("n04090263_rifle", 394, 500), ("n04238763_slide_rule", 411, 120),
        ("n04254680_soccer_ball", 500, 500), ("n04332243_strainer", 800, 286), ("n04429376_throne", 281, 500),
    ];
}
