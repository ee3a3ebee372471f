using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Nvg.Data.Sources;
using Nvg.Imaging;

namespace Nvg.Data.Tests;

/// <summary>Archives as they come: content decides, and whatever is not read is named.</summary>
public class ArchiveTests
{
    private static readonly byte[] Png = ImageFile.Encode(Images.Gradient(8, 8), ImageFormat.Png);
    private static readonly byte[] Plain = Tar(("cat/1.png", Png), ("dog/1.png", Png));

    [Theory]
    [InlineData("plain.tar", 0)]
    [InlineData("unpacked.tar.gz", 0)]
    [InlineData("packed.tar", 1)]
    [InlineData("packed-twice.tar.gz", 2)]
    [InlineData("noending", 1)]
    [InlineData("pictures.zip", 3)]
    public void AllEntries_ArchiveOfAnotherName_IsReadByContent(string name, int layers)
    {
        using var folder = new TemporaryFolder();
        byte[] content = Plain;
        for (int i = 0; i < layers; i++)
            content = Gzip(content);
        folder.Write(name, content);
        Assert.Equal(
            [("cat/1.png", "cat"), ("dog/1.png", "dog")],
            ImageSource.Open(folder[name]).AllEntries().Select(e => (e.Name, e.ClassName)));
    }

    [Theory]
    [InlineData("a.tar")]
    [InlineData("a.tar.gz")]
    [InlineData("a.zip")]
    [InlineData("a-{0..1}.tar")]
    [InlineData("")]
    public void ShareRead_WhileEntriesAreTaken_RisesToTheEnd(string name)
    {
        const int count = 40;
        using var folder = new TemporaryFolder();
        (string, byte[])[] files = [.. Enumerable.Range(0, count).Select(i => ($"cat/{i:D2}.png", Png))];
        folder.Write("a.tar", Tar(files));
        folder.Write("a.tar.gz", Gzip(Tar(files)));
        folder.Write("a-0.tar", Tar(files[..(count / 2)]));
        folder.Write("a-1.tar", Tar(files[(count / 2)..]));
        folder.Write("a.zip", Zip(files));
        var source = ImageSource.Open(folder[name]);
        Assert.Null(source.ShareRead);
        double?[] shares = [.. source.AllEntries().Select(_ => source.ShareRead)];
        Assert.True(shares.Length >= count);
        Assert.All(shares, share => Assert.InRange(share!.Value, 0, 1));
        Assert.Equal(shares.Order(), shares);
        // Compressed files are read ahead in large blocks, so only the end is certain.
        Assert.InRange(shares[^1]!.Value, 0.9, 1);
    }

    public static TheoryData<string, byte[], string> Others => new()
    {
        { "xz.tar", [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0, 1, 2], "is not a readable archive: a file compressed with xz" },
        {
            "page.tar.gz", "<!DOCTYPE html><html>404</html>"u8.ToArray(),
            "is not a readable archive: a web page, perhaps an error page of the server"
        },
        { "empty.tar", [], "is empty" },
        { "zstd.tar", [0x28, 0xB5, 0x2F, 0xFD, 0], "is not a readable archive: a file compressed with zstd" },
        {
            "pointer.tar", "version https://git-lfs.github.com/spec/v1\n"u8.ToArray(),
            "a Git LFS pointer, not the file itself; run git lfs pull"
        },
        { "text.tgz", "hello"u8.ToArray(), "is not a readable archive: text" },
        { "gz.tar", Gzip("hello"u8.ToArray()), "is not a readable archive: a gzip file of text" },
    };

    [Theory]
    [MemberData(nameof(Others))]
    public void Open_SomethingElse_SaysWhatItIs(string name, byte[] content, string expected)
    {
        using var folder = new TemporaryFolder();
        folder.Write(name, content);
        Assert.Contains(expected, Assert.Throws<NvgDataException>(() => ImageSource.Open(folder[name])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AllEntries_GzippedArchivesInside_CountAsFolders()
    {
        using var folder = new TemporaryFolder();
        byte[] inner = Tar(("1.png", Png));
        folder.Write(
            "a.tar",
            Tar(("cat.tar.gz", Gzip(inner)), ("dog.tgz", Gzip(inner)), ("fish.tar", inner), ("oddly.named", Gzip(inner)),
            ("notes.gz", Gzip("x"u8.ToArray()))));
        ImageEntry[] entries = [.. ImageSource.Open(folder["a.tar"]).AllEntries()];
        Assert.Equal(["cat", "dog", "fish", "oddly.named"], entries.Where(e => e.NotAImage is null).Select(e => e.ClassName));
        Assert.Equal("is not a readable image: a gzip file of text", Assert.Single(entries, e => e.NotAImage is not null).NotAImage);
    }

    [Fact]
    public void AllEntries_ZipInside_IsNamedWithItsRemedy()
    {
        using var folder = new TemporaryFolder();
        folder.Write("a.tar", Tar(("cat/1.png", Png), ("cat.zip", [.. "PK\u0003\u0004"u8, .. new byte[30]])));
        ImageEntry zip = Assert.Single(ImageSource.Open(folder["a.tar"]).AllEntries(), e => e.NotAImage is not null);
        Assert.Equal("is not a readable image: a zip archive, which is not read here; unpack it", zip.NotAImage);
    }

    [Fact]
    public void AllEntries_ArchivesAppendedToEachOther_AreReadAsOne()
    {
        using var folder = new TemporaryFolder();
        folder.Write("a.tar", [.. Plain, .. Tar(("fish/1.png", Png))]);
        folder.Write("b.tar.gz", [.. Gzip(Plain), .. Gzip(Tar(("fish/1.png", Png)))]);
        folder.Write("c.tar", [.. Plain, .. Encoding.ASCII.GetBytes(new string('x', 700))]);
        string[] expected = ["cat", "dog", "fish"];
        Assert.Equal(expected, ImageSource.Open(folder["a.tar"]).AllEntries().Select(e => e.ClassName));
        Assert.Equal(expected, ImageSource.Open(folder["b.tar.gz"]).AllEntries().Select(e => e.ClassName));
        Assert.Equal("bytes that are not part of the archive", ImageSource.Open(folder["c.tar"]).AllEntries().Last().NotAImage);
    }

    [Fact]
    public void AllEntries_MembersThatAreNoFiles_AreNamed()
    {
        using var folder = new TemporaryFolder();
        byte[] File(string name, char type) => ForeignNameSourceTests.Header(Encoding.UTF8.GetBytes(name), 0, type);
        folder.Write("a.tar", [.. File("a/hard.png", '1'), .. File("a/soft.png", '2'), .. File("a/device.png", '3'),
            .. File("a/pipe.png", '6'),
            .. File("a/", '5'), .. File("a/sparse.png", 'S'), .. File("a/.hidden.png", '0'), .. Plain]);
        Dictionary<string, string?> reasons = ImageSource.Open(folder["a.tar"]).AllEntries().ToDictionary(e => e.Name, e => e.NotAImage);
        Assert.Equal("is a hard link inside the archive, which is not followed", reasons["a/hard.png"]);
        Assert.Equal("is a symbolic link inside the archive, which is not followed", reasons["a/soft.png"]);
        Assert.Equal("is a device, not a file", reasons["a/device.png"]);
        Assert.Equal("is a named pipe, not a file", reasons["a/pipe.png"]);
        Assert.Equal("is a sparse file, which is not read", reasons["a/sparse.png"]);
        Assert.Equal("is hidden: its name starts with a dot", reasons["a/.hidden.png"]);
        Assert.Null(reasons["cat/1.png"]);
        Assert.Equal(8, reasons.Count);
    }

    [Fact]
    public void AllEntries_LongNamesAndLargeSizes_AreThoseOfTheExtendedHeaders()
    {
        using var folder = new TemporaryFolder();
        string name = string.Join('/', Enumerable.Repeat("folder-with-a-long-name", 12)) + "/1.png";
        foreach (TarEntryFormat format in new[] { TarEntryFormat.Pax, TarEntryFormat.Gnu })
        {
            using (var stream = System.IO.File.Create(folder[$"{format}.tar"]))
            using (var tar = new TarWriter(stream, format))
            {
                TarEntry entry = format == TarEntryFormat.Pax ? new PaxTarEntry(TarEntryType.RegularFile, name) : new GnuTarEntry(
                    TarEntryType.RegularFile, name);
                entry.DataStream = new MemoryStream(Png);
                tar.WriteEntry(entry);
            }

            ImageEntry read = Assert.Single(ImageSource.Open(folder[$"{format}.tar"]).AllEntries());
            Assert.Equal(name, read.Name);
            Assert.Equal(Png, read.Read());
        }
    }

    [Fact]
    public void AllEntries_FolderWithPipesSocketsAndDeadLinks_NamesThemAndDoesNotWait()
    {
        if (!OperatingSystem.IsLinux())
            return;
        using var folder = new TemporaryFolder();
        folder.Write("cat/1.png", Png);
        folder.Write("cat/photo", Png);
        System.IO.File.CreateSymbolicLink(folder["cat/dead.png"], folder["nowhere.png"]);
        System.IO.File.CreateSymbolicLink(folder["cat/linked.png"], folder["cat/1.png"]);
        using (var shell = System.Diagnostics.Process.Start("mkfifo", folder["cat/pipe.png"]))
            shell.WaitForExit();
        ImageEntry[] entries = [.. ImageSource.Open(folder.Root).AllEntries()];
        Assert.Equal(
            ["cat/1.png", "cat/linked.png", "cat/photo"],
            entries.Where(e => e.NotAImage is null).Select(e => e.Name).Order(StringComparer.Ordinal));
        Assert.Contains(entries, e => e.Name == "cat/pipe.png" && e.NotAImage == "is a named pipe, not a file");
        Assert.Contains(entries, e => e.Name == "cat/dead.png" && e.NotAImage == "is a broken link");
        Assert.Contains(
            "named pipe",
            Assert.Throws<NvgDataException>(() => ImageSource.Open(folder["cat/pipe.png"])).Message,
            StringComparison.Ordinal);
    }

    internal static byte[] Tar(params (string Name, byte[] Content)[] files) =>
        ForeignNameSourceTests.Tar([.. files.Select(file => (Encoding.UTF8.GetBytes(file.Name), file.Content))]);

    private static byte[] Zip(params (string Name, byte[] Content)[] files)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] content) in files)
            {
                using Stream entry = zip.CreateEntry(name).Open();
                entry.Write(content);
            }
        }

        return bytes.ToArray();
    }

    internal static byte[] Gzip(byte[] content)
    {
        using var bytes = new MemoryStream();
        using (var gzip = new GZipStream(bytes, CompressionLevel.Fastest))
            gzip.Write(content);
        return bytes.ToArray();
    }
}
