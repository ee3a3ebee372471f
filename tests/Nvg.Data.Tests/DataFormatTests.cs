using System.IO.Compression;
using System.Text;
using Nvg.Data.Datasets;
using Nvg.Data.Packing;
using Nvg.Data.Sources;
using Nvg.Imaging;
using Nvg.Imaging.Npz;
using Nvg.Torch.Files.Npy;
using Parquet;
using Parquet.Schema;

namespace Nvg.Data.Tests;

/// <summary>Data sets in the forms in which they are shared.</summary>
public class DataFormatTests
{
    private static readonly string[] Classes = ["bird", "cat", "ship"];

    [Fact]
    public async Task RunAsync_SameImagesInAnyForm_GiveTheSameData()
    {
        using var folder = new TemporaryFolder();
        (string Class, string Name, byte[] Png)[] images = [.. Classes.SelectMany((name, c) => Enumerable.Range(0, 4)
            .Select(i => (name, $"{i}.png", ImageFile.Encode(Images.Gradient(12, 10, (20 * c) + i), ImageFormat.Png))))];
        foreach ((string name, string file, byte[] png) in images)
            folder.Write($"folder/{name}/{file}", png);
        byte[] tar = ArchiveTests.Tar([.. images.Select(image => ($"{image.Class}/{image.Name}", image.Png))]);
        folder.Write("plain.tar", tar);
        folder.Write("packed.tar.gz", ArchiveTests.Gzip(tar));
        ZipFile.CreateFromDirectory(folder["folder"], folder["pictures.zip"]);
        (string, byte[])[][] shards = [.. images.Select((image, i) => (image, i)).Chunk(6).Select(part => part
            .SelectMany(p => ((string, byte[])[])[
                ($"{p.i:D6}.cls", Encoding.ASCII.GetBytes(p.image.Class + "\n")), ($"{p.i:D6}.png", p.image.Png)]).ToArray())];
        folder.Write("shard-000.tar", ArchiveTests.Tar(shards[0]));
        folder.Write("shard-001.tar", ArchiveTests.Tar(shards[1]));
        await WriteParquet(folder["data-0.parquet"], images[..5]);
        await WriteParquet(folder["data-1.parquet"], images[5..]);

        (string, string) expected = await Prepare(folder, "folder", "a");
        string[] others = ["plain.tar", "packed.tar.gz", "pictures.zip", "shard-{000..001}.tar", "data-{0..1}.parquet"];
        foreach ((int i, string other) in others.Index())
            Assert.Equal((other, expected), (other, await Prepare(folder, other, $"out{i}")));
    }

    [Fact]
    public void AllEntries_FolderOfShards_TakesClassesFromLabels()
    {
        using var folder = new TemporaryFolder();
        byte[] png = ImageFile.Encode(Images.Gradient(8, 8), ImageFormat.Png);
        folder.Write("d/0.tar",
            ArchiveTests.Tar(("a.png", png), ("a.json", """{"label": 7, "caption": "x"}"""u8.ToArray()),
                ("b.jpg.txt", "a text"u8.ToArray())));
        folder.Write("d/1.tar", ArchiveTests.Tar(("c.cls", "3"u8.ToArray()), ("c.png", png), ("d.png", png)));
        ImageEntry[] entries = [.. ImageSource.Open(folder["d"]).AllEntries()];
        // What has no label has the class of its archive.
        Assert.Equal(
            [("0/a.png", "7"), ("1/c.png", "3"), ("1/d.png", "1")],
            entries.Where(e => e.NotAImage is null).Select(e => (e.Name, e.ClassName)));
        Assert.Equal("0/b.jpg.txt", Assert.Single(entries, e => e.NotAImage is not null).Name);
    }

    [Fact]
    public void AllEntries_ShardWithAnnotations_HasTheImagesAlone()
    {
        using var folder = new TemporaryFolder();
        byte[] png = ImageFile.Encode(Images.Gradient(8, 8), ImageFormat.Png);
        folder.Write("a.tar", ArchiveTests.Tar(
            ("0.cls", "4"u8.ToArray()), ("0.jpg", png), ("0.json", """{"label": 7}"""u8.ToArray()), ("0.txt", "a caption"u8.ToArray()),
            ("1.jpg", "text"u8.ToArray()), ("1.txt", "another"u8.ToArray())));
        // What belongs to no image is named.
        Assert.Equal(
            [("0.jpg", "4", true), ("1.jpg", "all", true), ("1.txt", "", false)],
            ImageSource.Open(folder["a.tar"]).AllEntries().Select(e => (e.Name, e.ClassName, e.NotAImage is null)));
    }

    [Fact]
    public async Task AllEntries_ParquetRowsWithoutImageOrLabel_AreNamed()
    {
        using var folder = new TemporaryFolder();
        byte[] png = ImageFile.Encode(Images.Gradient(8, 8), ImageFormat.Png);
        await WriteParquet(folder["a.parquet"], [("cat", "", png), ("", "", png), ("cat", "", "text"u8.ToArray())]);
        ImageEntry[] entries = [.. ImageSource.Open(folder["a.parquet"]).AllEntries()];
        Assert.Equal([null, "has no label", "is not a readable image: text"], entries.Select(e => e.NotAImage));
    }

    [Fact]
    public void AllEntries_NpzWithImagesAndLabels_HasTheirClasses()
    {
        using var folder = new TemporaryFolder();
        byte[] pixels = [.. Enumerable.Range(0, 3 * 4 * 4 * 3).Select(i => (byte)i)];
        NpzFile.Write(folder["a.npz"],
        [
            new("arr_0", NpyArray.Of(pixels, 3, 4, 4, 3)),
            new("arr_1", NpyArray.Of((byte[])[2, 0, 2], 3)),
        ]);
        ImageEntry[] entries = [.. ImageSource.Open(folder["a.npz"]).AllEntries()];
        Assert.Equal(["2", "0", "2"], entries.Select(e => e.ClassName));
        Assert.Equal(pixels[48..96], ImageFile.Decode(entries[1].Read(), "1").Pixels);
    }

    [Fact]
    public void AllEntries_BinaryCifar_HasSplitsClassesAndPixels()
    {
        using var folder = new TemporaryFolder();
        byte[] Record(byte label) => [label, .. Enumerable.Range(0, 3072).Select(i => (byte)(label + (i / 1024 * 50)))];
        folder.Write("cifar-10-binary.tar.gz", ArchiveTests.Gzip(ArchiveTests.Tar(
            ("cifar-10-batches-bin/data_batch_1.bin", [.. Record(1), .. Record(0)]),
            ("cifar-10-batches-bin/batches.meta.txt", "airplane\nautomobile\n\n"u8.ToArray()),
            ("cifar-10-batches-bin/test_batch.bin", Record(1)))));
        ImageEntry[] entries = [.. ImageSource.Open(folder["cifar-10-binary.tar.gz"], "train").AllEntries()];
        Assert.Equal(["automobile", "airplane"], entries.Select(e => e.ClassName));
        RgbImage image = ImageFile.Decode(entries[0].Read(), "0");
        Assert.Equal((32, 32), (image.Width, image.Height));
        Assert.Equal([1, 51, 101], image.Pixels[..3]);
        Assert.Equal("automobile", Assert.Single(ImageSource.Open(folder["cifar-10-binary.tar.gz"], "test").AllEntries()).ClassName);
    }

    [Fact]
    public async Task RunAsync_CifarForPython_GivesTheSameDataAsBinary()
    {
        using var folder = new TemporaryFolder();
        byte[][] images = [
            .. Enumerable.Range(0, 6).Select(i => Enumerable.Range(0, 3072).Select(p => (byte)((7 * i) + (p / 1024 * 50))).ToArray())];
        byte[] labels = [1, 0, 1, 1, 0, 0];
        byte[] Binary(Range range) => [.. images[range].Zip(labels[range]).SelectMany(p => (byte[])[p.Second, .. p.First])];
        byte[] Python(Range range) => CifarPickles.Batch(labels[range], [.. images[range].SelectMany(image => image)], "labels");
        folder.Write("binary.tar.gz", ArchiveTests.Gzip(ArchiveTests.Tar(
            ("cifar-10-batches-bin/batches.meta.txt", "airplane\nautomobile\n"u8.ToArray()),
            ("cifar-10-batches-bin/data_batch_1.bin", Binary(..3)),
            ("cifar-10-batches-bin/test_batch.bin", Binary(3..)))));
        (string, byte[])[] python =
        [
            ("cifar-10-batches-py/data_batch_1", Python(..3)),
            ("cifar-10-batches-py/readme.html", "<html>"u8.ToArray()),
            ("cifar-10-batches-py/test_batch", Python(3..)),
            ("cifar-10-batches-py/batches.meta", CifarPickles.Names("label_names", "airplane", "automobile")),
        ];
        folder.Write("python.tar.gz", ArchiveTests.Gzip(ArchiveTests.Tar(python)));
        foreach ((string name, byte[] content) in python)
            folder.Write($"unpacked/{name}", content);
        ZipFile.CreateFromDirectory(folder["unpacked"], folder["python.zip"]);
        foreach (string split in new[] { "train", "test" })
        {
            DatasetDescription expected = await Preparation.RunAsync(
                ImageSource.Open(folder["binary.tar.gz"], split), folder[$"{split}-binary"], new() { Size = 32, Threads = 1 });
            foreach (string source in new[] { "python.tar.gz", "python.zip", "unpacked", "unpacked/cifar-10-batches-py" })
            {
                DatasetDescription made = await Preparation.RunAsync(
                    ImageSource.Open(folder[source], split), folder[
                        $"{split}-{source.Replace('/', '-')}"], new() { Size = 32, Threads = 1 });
                Assert.Equal((expected.PixelsSha256, expected.LabelsSha256), (made.PixelsSha256, made.LabelsSha256));
                Assert.Equal(["airplane", "automobile"], made.Classes.Select(c => c.Name));
            }
        }
    }

    [Fact]
    public void AllEntries_CifarHundredForPython_HasItsFineClasses()
    {
        using var folder = new TemporaryFolder();
        folder.Write("cifar-100-python.tar.gz", ArchiveTests.Gzip(ArchiveTests.Tar(
            ("cifar-100-python/meta", CifarPickles.Names("fine_label_names", "apple", "aquarium_fish", "baby")),
            ("cifar-100-python/train", CifarPickles.Batch([2, 0], new byte[2 * 3072], "fine_labels")))));
        Assert.Equal(["baby", "apple"], ImageSource.Open(folder["cifar-100-python.tar.gz"], "train").AllEntries().Select(e => e.ClassName));
    }

    [Theory]
    [InlineData("evil", "it refers to os.system, which a checkpoint has no use for")]
    [InlineData("short", "not a matrix of bytes with 3072 columns")]
    [InlineData("labels", "has 2 images and 3 labels")]
    [InlineData("text", "is not a batch of CIFAR")]
    [InlineData("list", "is not a dictionary")]
    [InlineData("cut", "is truncated")]
    public void AllEntries_CifarForPythonThatIsNone_IsRefused(string what, string words)
    {
        using var folder = new TemporaryFolder();
        byte[] good = CifarPickles.Batch([0, 1], new byte[2 * 3072], "labels");
        byte[] content = what switch
        {
            "evil" => CifarPickles.Call("os", "system"),
            "short" => CifarPickles.Batch([0, 1], new byte[2 * 3000], "labels", 3000),
            "labels" => CifarPickles.Batch([0, 1, 2], new byte[2 * 3072], "labels"),
            "text" => "hello"u8.ToArray(),
            "list" => [0x80, 2, (byte)']', (byte)'.'],
            _ => good[..^100],
        };
        folder.Write("a.tar", ArchiveTests.Tar(("cifar-10-batches-py/data_batch_1", content)));
        string message = Assert.Throws<NvgDataException>(() => ImageSource.Open(folder["a.tar"]).AllEntries().ToList()).Message;
        Assert.Contains(words, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("train/cat/1.png test/cat/1.png", "--subset train")]
    [InlineData("cifar/train/cat/1.png cifar/test/dog/1.png", "--subset cifar/train")]
    [InlineData("Data/Training/a/1.png Data/val/a/1.png", "--subset Data/Training")]
    [InlineData("train/a/1.png", "--subset train")]
    public async Task RunAsync_SplitsInPlaceOfClasses_SayWhichToGive(string files, string remedy)
    {
        using var folder = new TemporaryFolder();
        foreach (string file in files.Split(' '))
            folder.Write($"in/{file}", ImageFile.Encode(Images.Gradient(8, 8), ImageFormat.Png));
        var error = await Assert.ThrowsAsync<NvgDataException>(
            () => Preparation.RunAsync(ImageSource.Open(folder["in"]), folder["out"], new() { Size = 8 }));
        Assert.EndsWith(remedy, error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["out"]));
    }

    [Theory]
    [InlineData("train/1.png bus/1.png")]
    [InlineData("train/front/1.png bus/front/1.png")]
    [InlineData("cat/train/1.png cat/other/1.png")]
    public async Task RunAsync_ClassesThatAreCalledLikeSplits_AreClasses(string files)
    {
        using var folder = new TemporaryFolder();
        foreach (string file in files.Split(' '))
            folder.Write($"in/{file}", ImageFile.Encode(Images.Gradient(8, 8), ImageFormat.Png));
        Assert.Equal(2, (await Preparation.RunAsync(ImageSource.Open(folder["in"]), folder["out"], new() { Size = 8 })).Count);
    }

    private static async Task<(string Pixels, string Labels)> Prepare(TemporaryFolder folder, string source, string output)
    {
        DatasetDescription made = await Preparation.RunAsync(
            ImageSource.Open(folder[source]), folder[output], new() { Size = 8, Threads = 1 });
        Assert.Equal((12, 0), (made.Count, made.SkippedCount));
        Assert.Equal(Classes.Select(name => new DatasetClass(name, 4)), made.Classes);
        return (made.PixelsSha256, made.LabelsSha256);
    }

    // In the form of Hugging Face: a struct of bytes and path, and a ClassLabel whose names are not in the order of the alphabet.
    private static async Task WriteParquet(string path, (string Class, string Name, byte[] Png)[] images)
    {
        string[] names = ["ship", "bird", "cat"];
        var bytes = new DataField<byte[]>("bytes");
        var name = new DataField<string>("path");
        var label = new DataField<long>("label");
        var schema = new ParquetSchema(new StructField("image", bytes, name), label);
        await using FileStream file = File.Create(path);
        await using ParquetWriter writer = await ParquetWriter.CreateAsync(schema, file);
        writer.CustomMetadata = new Dictionary<string, string>
        {
            ["huggingface"] = """{"info": {"features": {"image": {"_type": "Image"}"""
                + """, "label": {"names": ["ship", "bird", "cat"], "_type": "ClassLabel"}}}}""",
        };
        foreach ((string Class, string Name, byte[] Png)[] part in images.Chunk(2))
        {
            using ParquetRowGroupWriter rows = writer.CreateRowGroup();
            await rows.WriteAsync(bytes, Array.ConvertAll(part, image => image.Png));
            await rows.WriteAsync(name, Array.ConvertAll(part, image => image.Name));
            await rows.WriteAsync<long>(label, Array.ConvertAll(part, image => (long)Array.IndexOf(names, image.Class)));
        }
    }
}
