using System.IO.Compression;
using System.Text;
using Nvg.Torch.Files.Npy;
using Nvg.Torch.Files.PyTorch;
using Nvg.Torch.Files.Zip;

namespace Nvg.Imaging.Tests;

public class StoredZipWriterTests
{
    private static readonly (string Name, byte[] Content)[] Entries = [("a.npy", Bytes(100_000)), ("b.npy", []), ("c.npy", Bytes(7))];

    [Theory]
    [InlineData("", 0u)]
    [InlineData("123456789", 0xCBF43926u)]
    [InlineData("The quick brown fox jumps over the lazy dog", 0x414FA339u)]
    public void Crc32_KnownTexts_HaveTheirChecksums(string text, uint expected) => Assert.Equal(expected, Crc32.Of(Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void Crc32_InPieces_IsThatOfTheWhole()
    {
        byte[] bytes = Bytes(1001);
        var pieces = new Crc32();
        for (int start = 0, length = 0; start < bytes.Length; start += length++)
            pieces.Append(bytes.AsSpan(start, Math.Min(length, bytes.Length - start)));
        Assert.Equal(Crc32.Of(bytes), pieces.Value);
    }

    // With a low bound every size and place is written in the form of files beyond 4 GiB.
    [Theory]
    [InlineData(uint.MaxValue)]
    [InlineData(50_000L)]
    [InlineData(0L)]
    public void Write_ThenRead_GivesTheContent(long zip64From)
    {
        using var file = new MemoryStream();
        var writer = new StoredZipWriter(file, zip64From);
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
            Assert.Equal(Crc32.Of(content), entry.Crc32);
        }
    }

    [Fact]
    public void Write_OtherThanAnnounced_IsRefused()
    {
        var writer = new StoredZipWriter(new MemoryStream());
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
