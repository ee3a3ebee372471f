using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using Nvg.Data.Datasets;
using Nvg.Data.Packing;
using Nvg.Data.Sources;
using Nvg.Imaging;

namespace Nvg.Data.Tests;

/// <summary>Names of folders and archive entries that are not UTF-8, or have control characters.</summary>
public class ForeignNameSourceTests
{
    private static readonly byte[] Png = ImageFile.Encode(Images.Gradient(8, 8), ImageFormat.Png);

    // Three of the kind besides the first, which are the bytes of four words in GBK.
    public static TheoryData<string[]> Names => new()
    {
        new[] { "b9b7", "c4f1", "c2ed", "d3e3" },
        new[] { "c4", "d6", "dc", "41" },
        new[] { "8ca2", "944c", "ff", "efbfbd" },
        new[] { "6e65770a6c696e65", "6361740d", "09", "1b5b324a" },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void AllEntries_TarWithForeignNames_KeepsClassesApart(string[] names)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["a.tar"], Tar([.. names.Select(name => (Bytes(name, "/1.png"), Png))]));
        AssertClasses(names, ImageSource.Open(folder["a.tar"]));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void AllEntries_ZipWithForeignNames_KeepsClassesApart(string[] names)
    {
        using var folder = new TemporaryFolder();
        // Latin-1 keeps every byte, and sets no flag for UTF-8, as programs of Windows do not.
        using (FileStream file = File.Create(folder["a.zip"]))
        using (var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: false, Encoding.Latin1))
        {
            foreach (string name in names)
            {
                using Stream entry = zip.CreateEntry(Encoding.Latin1.GetString(Bytes(name, "/1.png"))).Open();
                entry.Write(Png);
            }
        }

        AssertClasses(names, ImageSource.Open(folder["a.zip"]));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void AllEntries_FoldersWithForeignNames_AreReadAndKeptApart(string[] names)
    {
        if (!OperatingSystem.IsLinux())
            return;
        using var folder = new TemporaryFolder();
        folder.Write("1.png", Png);
        // No path of .NET reaches such a name, so the shell makes and removes the folders.
        string script = string.Concat(names.Select(name =>
            $"d=$(printf '{string.Concat(Convert.FromHexString(name).Select(b => $"\\{Convert.ToString(b, 8).PadLeft(3, '0')}"))}_'); "
            + $"d=${{d%_}}; mkdir -p \"in/$d\"; cp 1.png \"in/$d/1.png\"; "));
        try
        {
            Shell(folder.Root, script);
            ImageSource source = ImageSource.Open(folder["in"]);
            AssertClasses(names, source);
            Assert.All(source.Entries(), entry => Assert.Equal(Png, entry.Read()));
        }
        finally
        {
            Shell(folder.Root, "rm -rf in");
        }
    }

    [Fact]
    public async Task RunAsync_ClassWithLineBreak_IsStoredOnOneLine()
    {
        using var folder = new TemporaryFolder();
        foreach (string name in new[] { "cat", "dog", "new\nline" })
            folder.Write($"in/{name}/1.png", Png);
        DatasetDescription made = await Preparation.RunAsync(ImageSource.Open(folder["in"]), folder["out"], new() { Size = 8 });
        Assert.Equal(["cat", "dog", @"new\x0aline"], made.Classes.Select(c => c.Name));
    }

    [Theory]
    [InlineData(" cat", @"\x20cat")]
    [InlineData("cat  ", @"cat\x20\x20")]
    [InlineData("c at", "c at")]
    public void ClassOf_SpacesAtTheEnds_AreKeptApart(string folder, string expected) =>
        Assert.Equal(expected, ImageSource.ClassOf($"{folder}/1.png"));

    [Fact]
    public async Task RunAsync_NamesThatLookLikeMessages_AreReportedEscaped()
    {
        using var folder = new TemporaryFolder();
        string[] names = ["c/\u001b[31mbad\u001b[2K.png", "c/\r1000000 images.png", "c/two\nnvg: all is well.png"];
        File.WriteAllBytes(
            folder["a.tar"],
            Tar([(Encoding.UTF8.GetBytes("c/good.png"), Png), .. names.Select(n => (Encoding.UTF8.GetBytes(n), "text"u8.ToArray()))]));
        DatasetDescription made = await Preparation.RunAsync(ImageSource.Open(folder["a.tar"]), folder["out"], new() { Size = 8 });
        Assert.Equal(
            [@"c/\x1b[31mbad\x1b[2K.png", @"c/\x0d1000000 images.png", @"c/two\x0anvg: all is well.png"], made.Skipped.Select(s => s.Name));
        Assert.All(made.Skipped, s => Assert.DoesNotContain(s.Reason, char.IsControl));
    }

    private static void Shell(string folder, string script)
    {
        using var shell = Process.Start(new ProcessStartInfo("bash", ["-c", script]) { WorkingDirectory = folder })!;
        shell.WaitForExit();
        Assert.Equal(0, shell.ExitCode);
    }

    private static void AssertClasses(string[] names, ImageSource source)
    {
        string[] found = [.. source.Entries().Select(entry => entry.ClassName)];
        Assert.Equal(4, found.Distinct().Count());
        Assert.Equal(names.Order(), found.Select(name => Convert.ToHexStringLower(Torch.Files.ForeignName.ToBytes(name))).Order());
    }

    private static byte[] Bytes(string hex, string rest) => [.. Convert.FromHexString(hex), .. Encoding.UTF8.GetBytes(rest)];

    /// <summary>A tar archive with names of any bytes; .NET's writer would encode them.</summary>
    internal static byte[] Tar(params (byte[] Name, byte[] Content)[] files)
    {
        using var bytes = new MemoryStream();
        foreach ((byte[] name, byte[] content) in files)
        {
            bytes.Write(Header(name, content.Length, '0'));
            bytes.Write(content);
            bytes.Write(new byte[(512 - (content.Length % 512)) % 512]);
        }

        bytes.Write(new byte[1024]);
        return bytes.ToArray();
    }

    /// <summary>A header of a tar archive.</summary>
    internal static byte[] Header(byte[] name, long size, char type)
    {
        byte[] block = new byte[512];
        name.CopyTo(block, 0);
        Encoding.ASCII.GetBytes(Convert.ToString(size, 8).PadLeft(11, '0')).CopyTo(block, 124);
        block[156] = (byte)type;
        "ustar\0"u8.CopyTo(block.AsSpan(257));
        block.AsSpan(148, 8).Fill((byte)' ');
        Encoding.ASCII.GetBytes(Convert.ToString(block.Sum(b => b), 8).PadLeft(6, '0') + "\0 ").CopyTo(block, 148);
        return block;
    }
}
