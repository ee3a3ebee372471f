using System.IO.Compression;
using System.IO.Hashing;
using Nvg.Torch.Files.Npy;

namespace Nvg.Imaging.Tests;

public class ResumableZipWriterTests
{
    private static readonly (string Name, byte[] Content)[] Entries = [("a.npy", Bytes(100_000)), ("b.npy", []), ("c.npy", Bytes(7))];

    // With a low bound every size and place is written in the form of files beyond 4 GiB.
    [Theory]
    [InlineData(uint.MaxValue)]
    [InlineData(50_000L)]
    [InlineData(0L)]
    public void Write_ThenRead_GivesTheContent(long zip64From)
    {
        using var file = new MemoryStream();
        var writer = new ResumableZipWriter(file, zip64From);
        foreach ((string name, byte[] content) in Entries)
        {
            writer.Begin(name, content.Length);
            writer.Write(content);
        }

        writer.Finish();
        using var zip = new ZipArchive(new MemoryStream(file.ToArray()), ZipArchiveMode.Read);
        Assert.Equal(Entries.Select(e => e.Name), zip.Entries.Select(e => e.FullName));
        foreach ((string name, byte[] content) in Entries)
        {
            ZipArchiveEntry entry = zip.GetEntry(name)!;
            using Stream stream = entry.Open();
            using var read = new MemoryStream();
            stream.CopyTo(read);
            Assert.Equal(content, read.ToArray());
            Assert.Equal(Crc32.HashToUInt32(content), entry.Crc32);
        }
    }

    [Fact]
    public void Write_OtherThanAnnounced_IsRefused()
    {
        var writer = new ResumableZipWriter(new MemoryStream());
        writer.Begin("a", 3);
        Assert.Throws<InvalidOperationException>(() => writer.Write(new byte[4]));
        writer.Write(new byte[2]);
        Assert.Throws<InvalidOperationException>(writer.Finish);
    }

    private static byte[] Bytes(int count)
    {
        byte[] bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }
}
