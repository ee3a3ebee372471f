using Nvg.Data.Datasets;
using Nvg.Data.Loading;
using Nvg.Imaging;
using Nvg.Imaging.Npz;
using Nvg.Torch.Files.Npy;

namespace Nvg.Data.Tests;

public sealed class ImageSetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_FolderNpzAndPacked_GiveTheSameImages()
    {
        Tiny.Prepare(_folder["images"], _folder["packed"]);
        var folder = ImageSet.Open(_folder["images"]);
        using (var writer = new NpzImageWriter(_folder["a.npz"], 12, 8, 8))
        {
            foreach (RgbImage image in folder.Images())
                writer.Append(image);
            writer.Complete();
        }

        byte[][] expected = [.. folder.Images().Select(p => p.Pixels)];
        foreach (string path in new[] { _folder["a.npz"], _folder["packed"] })
        {
            var set = ImageSet.Open(path);
            Assert.Equal((12, 8, 8), (set.Count, set.Width, set.Height));
            Assert.Equal(expected, set.Images().Select(p => p.Pixels));
            // Again, and only some.
            Assert.Equal(EvenSample.Of(12, 3).Select(i => expected[i]), set.Images(3).Select(p => p.Pixels));
        }
    }

    [Fact]
    public void Images_OfSeveralSizes_NamesTheFirstThatDiffers()
    {
        WriteImage("d/a.png", 8, 8);
        WriteImage("d/b.png", 8, 9);
        string message = Assert.Throws<NvgDataException>(() => ImageSet.Open(_folder["d"]).Images().Count()).Message;
        Assert.StartsWith("b.png: is 8 × 9, but the first image", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Images_OneUnreadable_IsAnErrorAndNotLeftOut()
    {
        WriteImage("d/a.png", 8, 8);
        _folder.Write("d/b.png", [1, 2, 3]);
        Assert.Contains(
            "b.png",
            Assert.Throws<NvgDataException>(() => ImageSet.Open(_folder["d"]).Images().Count()).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Open_FileThatIsNoImageByItsName_IsAnErrorAndNotLeftOut()
    {
        WriteImage("d/a.png", 8, 8);
        _folder.Write("d/readme.txt", [1]);
        Assert.Contains(
            "readme.txt: is not a readable image",
            Assert.Throws<NvgDataException>(() => ImageSet.Open(_folder["d"])).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Open_NothingUsable_IsRefused()
    {
        Directory.CreateDirectory(_folder["d"]);
        Assert.Contains(
            "contains no images",
            Assert.Throws<NvgDataException>(() => ImageSet.Open(_folder["d"])).Message,
            StringComparison.Ordinal);
        Assert.Throws<NvgDataException>(() => ImageSet.Open(_folder["none"]));
        NpzFile.Write(_folder["grey.npz"], [new("arr_0", NpyArray.Of(new byte[2 * 4 * 4], 2, 4, 4, 1))]);
        Assert.Contains("x 3", Assert.Throws<NvgDataException>(() => ImageSet.Open(_folder["grey.npz"])).Message, StringComparison.Ordinal);
        NpzFile.Write(_folder["empty.npz"], [new("arr_0", NpyArray.Of(Array.Empty<byte>(), 0, 4, 4, 3))]);
        Assert.Contains(
            "contains no images",
            Assert.Throws<NvgDataException>(() => ImageSet.Open(_folder["empty.npz"])).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Open_TruncatedNpz_IsRefused()
    {
        NpzFile.Write(_folder["a.npz"], [new("arr_0", NpyArray.Of(new byte[3 * 4 * 4 * 3], 3, 4, 4, 3))]);
        byte[] whole = File.ReadAllBytes(_folder["a.npz"]);
        Assert.Throws<NvgDataException>(() => ImageSet.Open(_folder.Write("b.npz", whole[..^40])));
        NpzFile.Write(_folder["short.npz"], [new("arr_0", NpyArray.Of(new byte[10], 10))]);
        Assert.Contains(
            "images are uint8",
            Assert.Throws<NvgDataException>(() => ImageSet.Open(_folder["short.npz"])).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Npz_WrittenArrays_ComeBack()
    {
        NpzFile.Write(_folder["a.npz"], [new("x", NpyArray.Of(new[] { 1.5f, -2 }, 2)), new("y", NpyArray.Of(new[] { 1e300 }, 1, 1))]);
        using NpzFile file = NpzFile.Open(_folder["a.npz"]);
        Assert.Equal(["x", "y"], file.Names);
        Assert.Equal([1.5f, -2], file.Read("x").ToSingles());
        Assert.Equal([1e300], file.Read("y").ToDoubles());
        Assert.Equal([1, 1], file.Read("y").Shape);
        Assert.False(file.Contains("z"));
        Assert.Throws<NvgDataException>(() => file.Read("x").ToBytes());
        Assert.Throws<ArgumentException>(() => NpyArray.Of(new[] { 1.5f, -2 }, 3));
    }

    private void WriteImage(string name, int width, int height)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[name])!);
        ImageFile.Write(_folder[name], Images.Gradient(width, height));
    }
}
