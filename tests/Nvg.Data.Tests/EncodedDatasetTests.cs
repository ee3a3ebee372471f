using Nvg.Data.Datasets;
using Nvg.Data.Loading;
using Nvg.Data.Packing;
using Nvg.Data.Sources;
using Nvg.Imaging;
using Nvg.Torch;

namespace Nvg.Data.Tests;

[Collection(RunsAlone.Name), NoTensorLeaks]
public sealed class EncodedDatasetTests : IDisposable
{
    private static readonly PreparationOptions KeepFiles = new() { Size = 16, KeepFiles = true, Threads = 2 };

    private readonly TemporaryFolder _folder = new();

    public EncodedDatasetTests()
    {
        for (int i = 0; i < 5; i++)
        {
            _folder.Write($"in/cat/{i}.jpg", ImageFile.Encode(Images.Gradient(60, 40, i), ImageFormat.Jpeg));
            _folder.Write($"in/dog/{i}.png", ImageFile.Encode(Images.Gradient(30, 50, 99 + i), ImageFormat.Png));
        }

        _folder.Write("in/dog/broken.jpg", [0xFF, 0xD8, 0xFF]);
        Made = Preparation.RunAsync(ImageSource.Open(_folder["in"]), _folder["out"], KeepFiles).GetAwaiter().GetResult();
    }

    private DatasetDescription Made { get; }

    [Fact]
    public void RunAsync_KeepFiles_StoresTheVeryFilesAndNamesBadOnes()
    {
        Assert.Equal((10, 1, true), (Made.Count, Made.SkippedCount, Made.Encoded));
        using IImageDataset opened = ImageDataset.Open(_folder["out"]);
        var data = Assert.IsType<EncodedDataset>(opened);
        Assert.Equal(["cat", "dog"], data.Classes);
        Assert.Equal([0, 0, 0, 0, 0, 1, 1, 1, 1, 1], Enumerable.Range(0, 10).Select(data.Label));
        Assert.Equal(File.ReadAllBytes(_folder["in/cat/3.jpg"]), data.ReadFile(3));
        Assert.Equal(File.ReadAllBytes(_folder["in/dog/4.png"]), data.ReadFile(9));
        Assert.Throws<ArgumentOutOfRangeException>(() => data.Label(10));
        Assert.Contains(
            "--keep-files",
            Assert.Throws<NvgDataException>(() => PackedDataset.Open(_folder["out"])).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1, -1, false, 1.125)]
    [InlineData(0, 0, false, 1.125)]
    [InlineData(0.999, 0.999, true, 1.125)]
    [InlineData(0.5, 0.2, true, 2)]
    [InlineData(0.3, 0.7, false, 1)]
    public void CopySquare_AnyCrop_IsCutFromTheWholeResizedImage(double left, double top, bool flip, double zoom)
    {
        using EncodedDataset data = EncodedDataset.Open(_folder["out"]);
        byte[] square = new byte[16 * 16 * 3];
        data.CopySquare(2, new ImageCrop(left, top, flip, zoom), square);
        RgbImage resized = ImageFile.Read(_folder["in/cat/2.jpg"], (int)Math.Round(16 * zoom));
        int Offset(double share, int room) => share < 0 ? room / 2 : (int)(share * (room + 1));
        RgbImage expected = resized.Crop(Offset(left, resized.Width - 16), Offset(top, resized.Height - 16), 16, 16);
        Assert.Equal((flip ? expected.FlipHorizontally() : expected).Pixels, square);
    }

    [Fact]
    public void Load_AnnouncedOrNot_GivesTheSameImages()
    {
        using var scope = new TensorScope();
        using EncodedDataset data = EncodedDataset.Open(_folder["out"]);
        using var loader = new ImageLoader(data, (step, example) => new ImageCrop(step / 10.0, example / 10.0, (step + example) % 2 == 0));
        int[] examples = [3, 7, 3, 0];
        float[] plain = loader.Load(4, examples).ToArray<float>();
        loader.Prefetch(4, examples);
        loader.Prefetch(5, [1, 2]);
        Assert.Equal(plain, loader.Load(4, examples).ToArray<float>());
        Assert.NotEqual(plain, loader.Load(5, examples).ToArray<float>());
        Assert.Equal([2, 3, 16, 16], loader.Load(5, [1, 2]).Shape.ToArray());
    }

    [Fact]
    public void Load_BrokenFileThatWasAnnounced_IsTheSameError()
    {
        byte[] files = File.ReadAllBytes(_folder["out/images.files"]);
        files.AsSpan(0, 200).Clear();
        File.WriteAllBytes(_folder["out/images.files"], files);
        using EncodedDataset data = EncodedDataset.Open(_folder["out"]);
        using var loader = new ImageLoader(data, (_, _) => ImageCrop.Centre);
        loader.Prefetch(0, [0, 1]);
        string announced = Assert.Throws<NvgDataException>(() => loader.Load(0, [0, 1])).Message;
        Assert.Equal(announced, Assert.Throws<NvgDataException>(() => loader.Load(1, [0])).Message);
    }

    [Theory]
    [InlineData("offsets.i64")]
    [InlineData("images.files")]
    [InlineData("labels.i32")]
    public void Open_DamagedFiles_AreRefused(string name)
    {
        File.WriteAllBytes(_folder[$"out/{name}"], File.ReadAllBytes(_folder[$"out/{name}"])[..^8]);
        Assert.DoesNotContain('\n', Assert.Throws<NvgDataException>(() => EncodedDataset.Open(_folder["out"])).Message);
    }

    [Fact]
    public async Task RunAsync_ArchiveOfArchives_TakesEachForAClass()
    {
        byte[] jpeg = ImageFile.Encode(Images.Gradient(20, 20), ImageFormat.Jpeg), png = ImageFile.Encode(
            Images.Gradient(20, 20), ImageFormat.Png);
        // A PNG that calls itself JPEG, as one file of ImageNet does.
        ImageSourceTests.Pack(_folder["n01.tar"], ("n01_1.JPEG", jpeg), ("n01_2.JPEG", png));
        ImageSourceTests.Pack(_folder["n02.tar"], ("n02_1.JPEG", jpeg));
        ImageSourceTests.Pack(
            _folder["train.tar"],
            ("n01.tar", File.ReadAllBytes(_folder["n01.tar"])),
            ("n02.tar", File.ReadAllBytes(_folder["n02.tar"])));
        DatasetDescription made = await Preparation.RunAsync(ImageSource.Open(_folder["train.tar"]), _folder["nested"], KeepFiles);
        Assert.Equal([("n01", 2), ("n02", 1)], made.Classes.Select(c => (c.Name, c.Count)));
        Assert.Equal(0, made.SkippedCount);
    }

    [SharedFact("data/imagenet-originals/n02951585_can_opener.JPEG")]
    public async Task RunAsync_AwkwardOriginalsInSynsetFolders_AreAllUsable()
    {
        string[] originals = Directory.GetFiles(SharedMaterial.Path("data", "imagenet-originals"), "*.JPEG");
        foreach (string original in originals)
        {
            string name = Path.GetFileName(original), synset = name[..9];
            Directory.CreateDirectory(_folder[$"imagenet/{synset}"]);
            File.Copy(original, _folder[$"imagenet/{synset}/{name}"]);
        }

        foreach (bool keepFiles in new[] { false, true })
        {
            DatasetDescription made = await Preparation.RunAsync(
                ImageSource.Open(_folder["imagenet"]), _folder[$"imagenet{keepFiles}"], new() { Size = 64, KeepFiles = keepFiles });
            Assert.Equal((originals.Length, 0), (made.Count, made.SkippedCount));
            Assert.Equal(originals.Select(o => Path.GetFileName(o)[..9]).Order(StringComparer.Ordinal), made.Classes.Select(c => c.Name));
        }

        using IImageDataset pixels = ImageDataset.Open(_folder["imagenetFalse"]), files = ImageDataset.Open(_folder["imagenetTrue"]);
        byte[] expected = new byte[64 * 64 * 3], actual = new byte[64 * 64 * 3];
        for (int i = 0; i < pixels.Count; i++)
        {
            pixels.CopySquare(i, ImageCrop.Centre, expected);
            files.CopySquare(i, ImageCrop.Centre with { Zoom = 1 }, actual);
            Assert.Equal(expected, actual);
        }
    }

    [Fact]
    public void ClassBalance_EvenAndUneven_IsDescribed()
    {
        var even = ClassBalance.Of([new("a", 4), new("b", 4)]);
        Assert.Equal("2 classes of 4 images each", even.ToString());
        Assert.Equal(2, even.EffectiveClasses, 1e-12);
        var uneven = ClassBalance.Of([new("a", 40), new("b", 4), new("c", 20), new("d", 40)]);
        Assert.Equal(("b", "a", 20, true), (uneven.Smallest.Name, uneven.Largest.Name, uneven.Median, uneven.IsUneven));
        Assert.InRange(uneven.EffectiveClasses, 3, 4);
        Assert.Throws<ArgumentException>(() => ClassBalance.Of([]));
    }

    [Fact]
    public void Validate_KeepFilesWithPixelSizes_IsRefused() =>
        Assert.Contains(
            "if files are kept",
            Assert.Throws<ArgumentException>(() => (KeepFiles with { StoredSize = 18 }).Validate()).Message,
            StringComparison.Ordinal);

    public void Dispose() => _folder.Dispose();
}
