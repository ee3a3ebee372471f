using System.Formats.Tar;
using System.IO.Compression;
using Nvg.Data.Sources;

namespace Nvg.Data.Tests;

public class ImageSourceTests
{
    [Fact]
    public void Entries_FolderOfClasses_AreSortedAndNamed()
    {
        using var folder = new TemporaryFolder();
        string[] names =
        [
            "dog/2.png", "dog/deep/1.jpg", "cat/b.PNG", "a-b/x.png", "a/x.png", ".hidden/x.png", "__MACOSX/x.png", "cat/notes.txt",
            "loose.gif",
        ];
        foreach (string name in names)
            folder.Write(name, [1]);
        ImageEntry[] entries = [.. ImageSource.Open(folder.Root).Entries()];
        Assert.Equal(
            [
                ("cat/notes.txt", ""), ("a/x.png", "a"), ("a-b/x.png", "a-b"), ("loose.gif", "all"), ("cat/b.PNG", "cat"),
                ("dog/2.png", "dog"), ("dog/deep/1.jpg", "dog")],
            entries.Select(e => (e.Name, e.ClassName)));
        Assert.Equal("is not a readable image: an unknown format", entries[0].NotAImage);
        Assert.Equal(
            [(".hidden", "is hidden: its name starts with a dot"), ("__MACOSX", "belongs to the metadata of macOS")],
            ImageSource.Open(folder.Root).AllEntries().Where(e => e.IsPassedOver).Select(e => (e.Name, e.NotAImage)));
    }

    [Fact]
    public void Entries_LinkToFolder_IsNamedAndNotFollowed()
    {
        using var folder = new TemporaryFolder();
        folder.Write("cat/1.png", [1]);
        Directory.CreateSymbolicLink(folder["cat/round"], folder.Root);
        Assert.Contains(
            "not followed",
            Assert.Single(ImageSource.Open(folder.Root).Entries(), e => e.NotAImage is not null).NotAImage,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a.tar")]
    [InlineData("a.tar.gz")]
    [InlineData("a.tgz")]
    public void Entries_Archive_KeepOrderBytesAndSubset(string archive)
    {
        using var folder = new TemporaryFolder();
        Pack(
            folder[archive],
            ("./train/dog/1.png", [1, 2]),
            ("train/cat/._1.png", [9]),
            ("train/cat/1.png", [3]),
            ("test/cat/2.png", [4]),
            ("trainer/x/1.png", [5]));
        ImageEntry[] entries = [.. ImageSource.Open(folder[archive], "train/").Entries()];
        Assert.Equal([("dog/1.png", "dog"), ("cat/1.png", "cat")], entries.Select(e => (e.Name, e.ClassName)));
        Assert.Equal([1, 2], entries[0].Read());
        Assert.Equal(4, ImageSource.Open(folder[archive]).Entries().Count());
    }

    [Theory]
    [InlineData("a.tar", 0.4)]
    [InlineData("a.tar", 0.85)]
    [InlineData("a.tar.gz", 0.5)]
    [InlineData("a.tar.gz", 0.98)]
    public void Entries_ArchiveCutOff_IsRefused(string archive, double part)
    {
        using var folder = new TemporaryFolder();
        byte[] noise = new byte[5000];
        new Random(1).NextBytes(noise);
        Pack(folder[archive], ("a/1.png", noise), ("a/2.png", noise), ("b/notes.txt", noise));
        byte[] whole = File.ReadAllBytes(folder[archive]);
        File.WriteAllBytes(folder[archive], whole[..(int)(whole.Length * part)]);
        Assert.Contains(
            "the archive is damaged",
            Assert.Throws<NvgDataException>(() => ImageSource.Open(folder[archive]).Entries().Count()).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a.tar")]
    [InlineData("a.tar.gz")]
    public void Entries_NoArchive_IsRefused(string name)
    {
        using var folder = new TemporaryFolder();
        folder.Write(name, [.. Enumerable.Repeat((byte)'x', 2000)]);
        Assert.Throws<NvgDataException>(() => ImageSource.Open(folder[name]).Entries().Count());
    }

    [Fact]
    public void Open_SomethingElse_SaysWhatToGive()
    {
        using var folder = new TemporaryFolder();
        Assert.EndsWith(
            "a.zip: is not a readable archive: an unknown format; give a folder, or a tar, tar.gz, zip or Parquet file of images",
            Assert.Throws<NvgDataException>(() => ImageSource.Open(folder.Write("a.zip", [1]))).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "no such",
            Assert.Throws<NvgDataException>(() => ImageSource.Open(folder["none"])).Message,
            StringComparison.Ordinal);
    }

    internal static void Pack(string path, params (string Name, byte[] Content)[] files)
    {
        using Stream file = File.Create(path);
        using Stream stream = path.EndsWith(".tar", StringComparison.Ordinal) ? file : new GZipStream(file, CompressionLevel.Fastest);
        using var tar = new TarWriter(stream);
        foreach ((string name, byte[] content) in files)
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) });
    }
}
