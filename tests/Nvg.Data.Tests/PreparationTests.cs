using Nvg.Data.Datasets;
using Nvg.Data.Packing;
using Nvg.Data.Sources;
using Nvg.Imaging;

namespace Nvg.Data.Tests;

public class PreparationTests
{
    private static readonly PreparationOptions Small = new() { Size = 16, Threads = 2 };

    [Fact]
    public async Task RunAsync_FolderWithBadFiles_PacksTheRestAndNamesThem()
    {
        using var folder = new TemporaryFolder();
        Fill(folder, 3);
        folder.Write("in/cat/notes.txt", [1]);
        folder.Write("in/cat/text.png", "text"u8.ToArray());
        folder.Write("in/dog/empty.jpg", []);
        DatasetDescription made = await Preparation.RunAsync(ImageSource.Open(folder["in"]), folder["out"], Small);
        Assert.Equal([("cat", 3), ("dog", 3)], made.Classes.Select(c => (c.Name, c.Count)));
        Assert.Equal(["cat/notes.txt", "cat/text.png", "dog/empty.jpg"], made.Skipped.Select(s => s.Name).Order(StringComparer.Ordinal));
        Assert.Contains(made.Skipped, s => s == new SkippedFile("dog/empty.jpg", "is empty"));
        using PackedDataset data = PackedDataset.Open(folder["out"]);
        Assert.Equal((6, 16, 0, 1), (data.Count, data.StoredSize, data.Label(2), data.Label(3)));
        RgbImage expected = ImageFile.Read(folder["in/dog/1.png"], 16).CropCentre(16, 16);
        Assert.Equal(expected.Pixels, data.Image(4).ToArray());
        data.Verify();
        Assert.Equal(2, Directory.GetFileSystemEntries(folder.Root).Length);
    }

    [Fact]
    public async Task RunAsync_AnyNumberOfThreads_MakesTheSameFiles()
    {
        using var folder = new TemporaryFolder();
        Fill(folder, 40);
        byte[] whole = File.ReadAllBytes(folder["in/cat/0.png"]);
        for (int i = 0; i < 10; i++)
            folder.Write($"in/cat/bad{i}.png", whole[..(whole.Length / 2)]);
        foreach (int threads in new[] { 1, 2, 5 })
            await Preparation.RunAsync(ImageSource.Open(folder["in"]), folder[$"out{threads}"], Small with { Threads = threads });
        foreach (string name in new[] { "dataset.json", "images.u8", "labels.i32" })
        {
            byte[] first = File.ReadAllBytes(folder[$"out1/{name}"]);
            Assert.Equal(first, File.ReadAllBytes(folder[$"out2/{name}"]));
            Assert.Equal(first, File.ReadAllBytes(folder[$"out5/{name}"]));
        }
    }

    [Fact]
    public async Task RunAsync_LargerStoredSize_LeavesRoomForCrops()
    {
        using var folder = new TemporaryFolder();
        Fill(folder, 1);
        await Preparation.RunAsync(ImageSource.Open(folder["in"]), folder["out"], Small with { StoredSize = 18, ShorterSide = 20 });
        using PackedDataset data = PackedDataset.Open(folder["out"]);
        Assert.Equal((16, 18), (data.Size, data.StoredSize));
        var stored = new RgbImage(18, 18, data.Image(1).ToArray());
        Assert.Equal(ImageFile.Read(folder["in/dog/0.png"], 20).CropCentre(18, 18).Pixels, stored.Pixels);
        byte[] crop = new byte[16 * 16 * 3];
        data.CopyCrop(1, 2, 1, flip: true, crop);
        Assert.Equal(stored.Crop(2, 1, 16, 16).FlipHorizontally().Pixels, crop);
        Assert.Throws<ArgumentOutOfRangeException>(() => data.CopyCrop(1, 3, 0, false, crop));
    }

    [Fact]
    public async Task RunAsync_NothingUsable_SaysWhyAndLeavesNothing()
    {
        using var folder = new TemporaryFolder();
        folder.Write("in/cat/text.png", "text"u8.ToArray());
        var error = await Assert.ThrowsAsync<NvgDataException>(
            () => Preparation.RunAsync(ImageSource.Open(folder["in"]), folder["out"], Small));
        Assert.Contains("cat/text.png: is not an image", error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<NvgDataException>(
            () => Preparation.RunAsync(ImageSource.Open(folder["in"], "none"), folder["out"], Small));
        Assert.Single(Directory.GetFileSystemEntries(folder.Root));
    }

    [Fact]
    public async Task RunAsync_FolderExists_IsRefusedAndKept()
    {
        using var folder = new TemporaryFolder();
        Fill(folder, 1);
        folder.Write("out/mine.txt", [1]);
        var error = await Assert.ThrowsAsync<IOException>(() => Preparation.RunAsync(ImageSource.Open(folder["in"]), folder["out"], Small));
        Assert.Contains("already exists", error.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(folder["out/mine.txt"]));
    }

    [Fact]
    public async Task RunAsync_BrokenArchive_LeavesNothing()
    {
        using var folder = new TemporaryFolder();
        byte[] png = ImageFile.Encode(Images.Gradient(20, 20), ImageFormat.Png);
        ImageSourceTests.Pack(folder["a.tar"], ("a/1.png", png), ("a/2.png", png));
        File.WriteAllBytes(folder["a.tar"], File.ReadAllBytes(folder["a.tar"])[..2500]);
        await Assert.ThrowsAsync<NvgDataException>(() => Preparation.RunAsync(ImageSource.Open(folder["a.tar"]), folder["out"], Small));
        Assert.Single(Directory.GetFileSystemEntries(folder.Root));
    }

    [Fact]
    public async Task RunAsync_Cancelled_LeavesNothing()
    {
        using var folder = new TemporaryFolder();
        Fill(folder, 100);
        using var stop = new CancellationTokenSource();
        var progress = new Immediate(_ => stop.Cancel());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Preparation.RunAsync(ImageSource.Open(folder["in"]), folder["out"], Small, progress, stop.Token));
        Assert.Single(Directory.GetFileSystemEntries(folder.Root));
    }

    [Fact]
    public void Validate_SeveralProblems_AreReportedTogether()
    {
        string message = Assert.Throws<ArgumentException>(
            () => new PreparationOptions { Size = 32, StoredSize = 16, Threads = -1 }.Validate()).Message;
        Assert.Contains("stored size 16", message, StringComparison.Ordinal);
        Assert.Contains("threads -1", message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new PreparationOptions { Size = 32, Threads = 200_000_000 }.Validate());
    }

    [SharedFact("data/cifar10.tar.gz")]
    public async Task RunAsync_CifarSubset_TakesItsTenClasses()
    {
        using var folder = new TemporaryFolder();
        ImageSource source = ImageSource.Open(SharedMaterial.Path("data", "cifar10.tar.gz"), "test/ship");
        DatasetDescription made = await Preparation.RunAsync(source, folder["out"], new() { Size = 32 });
        Assert.Equal((1000, 0), (made.Count, made.SkippedCount));
        Assert.Equal("all", Assert.Single(made.Classes).Name);
        Assert.Equal(["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
            ImageSource.Open(source.Path, "test").Entries().Select(e => e.ClassName).Distinct());
    }

    private static void Fill(TemporaryFolder folder, int perClass)
    {
        for (int i = 0; i < perClass; i++)
        {
            folder.Write($"in/cat/{i}.png", ImageFile.Encode(Images.Gradient(30, 20, i), ImageFormat.Png));
            folder.Write($"in/dog/{i}.png", ImageFile.Encode(Images.Gradient(20, 36, 200 - i), ImageFormat.Png));
        }
    }

    /// <summary><see cref="Progress{T}"/> reports later, on another thread.</summary>
    private sealed class Immediate(Action<PreparationProgress> report) : IProgress<PreparationProgress>
    {
        public void Report(PreparationProgress value) => report(value);
    }
}
