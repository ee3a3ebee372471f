using Nvg.Data.Datasets;
using Nvg.Data.Loading;
using Nvg.Data.Packing;
using Nvg.Data.Sources;
using Nvg.Imaging;

namespace Nvg.Data.Tests;

public class PackedDatasetTests
{
    [Theory]
    [InlineData("\"count\": 4", "\"count\": 5")]
    [InlineData("\"format\": 1", "\"format\": 2")]
    [InlineData("\"format\": 1", "\"format\": 1, \"more\": 2")]
    [InlineData("\"format\": 1", "\"format\": 1, \"format\": 1")]
    [InlineData("\"storedSize\": 8", "\"storedSize\": 9")]
    [InlineData("\"size\": 8,", "")]
    [InlineData("{", "")]
    public async Task Open_DescriptionChanged_IsRefused(string from, string to)
    {
        using TemporaryFolder folder = await Make();
        string json = await File.ReadAllTextAsync(folder["data/dataset.json"]);
        int at = json.IndexOf(from, StringComparison.Ordinal);
        await File.WriteAllTextAsync(folder["data/dataset.json"], json[..at] + to + json[(at + from.Length)..]);
        Assert.DoesNotContain('\n', Assert.Throws<NvgDataException>(() => PackedDataset.Open(folder["data"])).Message);
    }

    [Theory]
    [InlineData(20_000_000, 32)]
    [InlineData(100_000, 256)]
    [InlineData(int.MaxValue, 1)]
    [InlineData(40, 8192)]
    public void PixelBuffer_BatchThatNeverFits_IsRefusedFromTheNumbers(int count, int size)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains(
            "microBatchSize", Assert.Throws<NvgDataException>(() => PixelBuffer.For(count, size)).Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Theory]
    [InlineData(false, "images.u8", "pictures.u8")]
    [InlineData(true, "images.files", "pictures.files")]
    public async Task Open_DataSetOfVersion01_ReadsItsFileOfImages(bool keepFiles, string name, string former)
    {
        using var folder = new TemporaryFolder();
        folder.Write("in/cat/1.png", ImageFile.Encode(Images.Gradient(8, 8), ImageFormat.Png));
        await Preparation.RunAsync(ImageSource.Open(folder["in"]), folder["data"], new() { Size = 8, KeepFiles = keepFiles });
        byte[] pixels = new byte[8 * 8 * 3], again = new byte[pixels.Length];
        using (IImageDataset data = ImageDataset.Open(folder["data"]))
            data.CopySquare(0, ImageCrop.Centre, pixels);
        File.Move(folder[$"data/{name}"], folder[$"data/{former}"]);
        using IImageDataset old = ImageDataset.Open(folder["data"]);
        old.CopySquare(0, ImageCrop.Centre, again);
        Assert.Equal(pixels, again);
        (old as PackedDataset)?.Verify();
    }

    [Fact]
    public async Task Open_FilesChanged_IsRefused()
    {
        using TemporaryFolder folder = await Make();
        byte[] labels = await File.ReadAllBytesAsync(folder["data/labels.i32"]);
        labels[0] = 7;
        await File.WriteAllBytesAsync(folder["data/labels.i32"], labels);
        Assert.Contains(
            "label 7",
            Assert.Throws<NvgDataException>(() => PackedDataset.Open(folder["data"])).Message,
            StringComparison.Ordinal);
        await File.WriteAllBytesAsync(folder["data/images.u8"], new byte[10]);
        labels[0] = 0;
        await File.WriteAllBytesAsync(folder["data/labels.i32"], labels);
        Assert.Contains(
            "10 bytes",
            Assert.Throws<NvgDataException>(() => PackedDataset.Open(folder["data"])).Message,
            StringComparison.Ordinal);
        File.Delete(folder["data/images.u8"]);
        Assert.Contains(
            "missing",
            Assert.Throws<NvgDataException>(() => PackedDataset.Open(folder["data"])).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task IsAt_FolderOfADataSet_IsTrueThereAlone()
    {
        using TemporaryFolder folder = await Make();
        Assert.True(ImageDataset.IsAt(folder["data"]));
        Assert.False(ImageDataset.IsAt(folder.Root));
        Assert.False(ImageDataset.IsAt(folder["data/images.u8"]));
        Assert.False(ImageDataset.IsAt(folder["missing"]));
    }

    [Fact]
    public async Task Verify_PixelChanged_IsNoticed()
    {
        using TemporaryFolder folder = await Make();
        byte[] pixels = await File.ReadAllBytesAsync(folder["data/images.u8"]);
        pixels[^1] ^= 1;
        await File.WriteAllBytesAsync(folder["data/images.u8"], pixels);
        using PackedDataset data = PackedDataset.Open(folder["data"]);
        Assert.Contains("has changed", Assert.Throws<NvgDataException>(data.Verify).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Image_OutsideOrDisposed_Throws()
    {
        using TemporaryFolder folder = await Make();
        PackedDataset data = PackedDataset.Open(folder["data"]);
        Assert.Throws<ArgumentOutOfRangeException>(() => data.Image(4).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => data.Label(-1));
        data.Dispose();
        data.Dispose();
        Assert.Throws<ObjectDisposedException>(() => data.Image(0).Length);
        Assert.Throws<ObjectDisposedException>(() => data.Label(0));
        Assert.Equal(["a", "b"], data.Classes);
    }

    [Fact]
    public void Open_OtherFolder_SaysHowToMakeOne()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains(
            "nvg prepare",
            Assert.Throws<NvgDataException>(() => PackedDataset.Open(folder.Root)).Message,
            StringComparison.Ordinal);
    }

    private static async Task<TemporaryFolder> Make()
    {
        var folder = new TemporaryFolder();
        for (int i = 0; i < 4; i++)
            folder.Write($"in/{"aabb"[i]}/{i}.png", ImageFile.Encode(Images.Gradient(8, 8, i), ImageFormat.Png));
        await Preparation.RunAsync(ImageSource.Open(folder["in"]), folder["data"], new() { Size = 8, Threads = 1 });
        return folder;
    }
}
