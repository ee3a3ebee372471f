using System.Text;
using Nvg.Imaging;
using Nvg.Training.TensorBoard;

namespace Nvg.Training.Tests.TensorBoard;

public sealed class EventFileTests : IDisposable
{
    private static readonly DateTimeOffset When = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_500);

    private readonly TemporaryFolder _folder = new();

    // RFC 3720, appendix B.4, and the usual check value.
    [Theory]
    [InlineData("313233343536373839", 0xE3069283)]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000", 0x8A9136AA)]
    [InlineData("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", 0x62A8AB43)]
    public void Checksum_PublishedVectors_AreCrc32C(string data, uint expected) =>
        Assert.Equal(expected, RecordFraming.Checksum(Convert.FromHexString(data)));

    // How every event file begins: a record of 24 bytes, whose length has this checksum.
    [Fact]
    public void Frame_FileVersion_BeginsAsEventFilesDo()
    {
        byte[] record = RecordFraming.Frame(EventMessage.FileVersion(1, "brain.Event:2"));
        Assert.Equal("1800000000000000A37F4B22", Convert.ToHexString(record[..12]));
        Assert.Equal(12 + 24 + 4, record.Length);
    }

    // By hand, from event.proto and summary.proto: wall_time (1, fixed64) 1.5, step (2, varint) 300, summary (5) with one
    // value (1): tag (1) "a/b", simple_value (2, fixed32) 2.5.
    [Fact]
    public void Scalars_OneValue_IsTheMessageWrittenByHand() => Assert.Equal(
        "09" + "000000000000F83F" + "10" + "AC02" + "2A0C" + "0A0A" + "0A03612F62" + "1500002040",
        Convert.ToHexString(EventMessage.Scalars(1.5, 300, [new("a/b", 2.5)])));

    // session_log (7) with status (1) START = 1; image (4) with height, width, colour space 3 and content.
    [Fact]
    public void StartAndImage_AreTheMessagesWrittenByHand()
    {
        Assert.Equal("09" + "0000000000000040" + "1007" + "3A020801", Convert.ToHexString(EventMessage.Start(2, 7)));
        Assert.Equal(
            "09" + "0000000000000040" + "1007" + "2A11" + "0A0F" + "0A0170" + "220A" + "0802" + "1003" + "1803" + "22020405",
            Convert.ToHexString(EventMessage.Image(2, 7, "p", width: 3, height: 2, [4, 5])));
    }

    [Fact]
    public void EventFile_Whole_IsReadBackRecordByRecord()
    {
        using (var file = new EventFile(_folder["tensorboard"], 20, When))
        {
            file.AddScalars(25, [new("loss/l1", 0.5), new("ce/stage_2", double.NaN)], When);
            file.AddImage(25, "images", new RgbImage(2, 1, [255, 0, 0, 0, 255, 0]), When);
        }

        string path = Assert.Single(Directory.GetFiles(_folder["tensorboard"]));
        Assert.StartsWith("events.out.tfevents.1700000000.500.", Path.GetFileName(path), StringComparison.Ordinal);
        byte[][] records = [.. Records(File.ReadAllBytes(path))];
        Assert.Equal(4, records.Length);
        Assert.Contains("brain.Event:2", Encoding.Latin1.GetString(records[0]), StringComparison.Ordinal);
        Assert.Equal("10143A020801", Convert.ToHexString(records[1][9..]));
        Assert.Contains("ce/stage_2", Encoding.Latin1.GetString(records[2]), StringComparison.Ordinal);
        int png = Encoding.Latin1.GetString(records[3]).IndexOf("\u0089PNG", StringComparison.Ordinal);
        Assert.Equal([255, 0, 0, 0, 255, 0], ImageFile.Decode(records[3].AsMemory(png), "image").Pixels);
    }

    public void Dispose() => _folder.Dispose();

    // A second reading of the format: bitwise CRC, no shared code.
    private static IEnumerable<byte[]> Records(byte[] file)
    {
        for (int at = 0; at < file.Length;)
        {
            int length = (int)BitConverter.ToUInt64(file, at);
            Assert.Equal(Masked(file[at..(at + 8)]), BitConverter.ToUInt32(file, at + 8));
            byte[] content = file[(at + 12)..(at + 12 + length)];
            Assert.Equal(Masked(content), BitConverter.ToUInt32(file, at + 12 + length));
            yield return content;
            at += 12 + length + 4;
        }
    }

    private static uint Masked(byte[] data)
    {
        uint crc = 0xFFFFFFFF;
        foreach (byte value in data)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78 : crc >> 1;
        }

        crc = ~crc;
        return unchecked(((crc >> 15) | (crc << 17)) + 0xA282EAD8);
    }
}
