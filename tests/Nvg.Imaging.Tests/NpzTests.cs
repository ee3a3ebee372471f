using System.IO.Compression;
using System.Text;
using Nvg.Imaging.Npz;
using Nvg.Torch.Files.Npy;

namespace Nvg.Imaging.Tests;

public class NpzTests
{
    [Fact]
    public void Images_AfterWriting_AreTheSame()
    {
        using var folder = new TemporaryFolder();
        RgbImage[] images = [.. Enumerable.Range(0, 5).Select(i => Images.Gradient(7, 4, i))];
        using (var writer = new NpzImageWriter(folder["a.npz"], 5, 7, 4))
        {
            foreach (RgbImage image in images)
                writer.Append(image);
            Assert.False(File.Exists(folder["a.npz"]));
            writer.Complete();
        }

        using NpzFile file = NpzFile.Open(folder["a.npz"]);
        Assert.Equal(["arr_0"], file.Names);
        Assert.Equal(images.Select(p => p.Pixels), file.Images().Select(p => p.Pixels));
        Assert.Equal([5, 4, 7, 3], file.Read("arr_0").Shape);
        Assert.Contains("it holds arr_0", Assert.Throws<NvgDataException>(() => file.Read("mu")).Message, StringComparison.Ordinal);
        Assert.Single(Directory.GetFileSystemEntries(folder.Root));
    }

    [Fact]
    public void Complete_ImagesMissing_IsRefusedAndLeavesNothing()
    {
        using var folder = new TemporaryFolder();
        using (var writer = new NpzImageWriter(folder["a.npz"], 2, 4, 4))
        {
            writer.Append(Images.Gradient(4, 4));
            Assert.Throws<ArgumentException>(() => writer.Append(Images.Gradient(4, 5)));
            Assert.Throws<InvalidOperationException>(writer.Complete);
        }

        Assert.Empty(Directory.GetFileSystemEntries(folder.Root));
    }

    [Fact]
    public void ReadLabelMaps_AfterWriting_AreTheSame()
    {
        using var folder = new TemporaryFolder();
        int[] labels = [.. Enumerable.Range(0, 24)];
        NpyArray.WriteLabelMaps(folder["a.npy"], labels, 2, 3, 4);
        Assert.Equal(labels, NpyArray.ReadLabelMaps(folder["a.npy"], out IReadOnlyList<long> shape));
        Assert.Equal([2, 3, 4], shape);
    }

    [Theory]
    [InlineData("'<i8'", "False", "(2,)", 16, null)]
    [InlineData("'|u1'", "False", "(4, 4)", 16, null)]
    [InlineData("'<i4'", "True", "(4,)", 16, null)]
    [InlineData("'<i4'", "True", "(2, 2)", 16, "Fortran")]
    [InlineData("'>i4'", "False", "(4,)", 16, "type >i4")]
    [InlineData("'<f4'", "False", "(4,)", 16, null)]
    [InlineData("'<f8'", "False", "(2,)", 16, null)]
    [InlineData("'|O'", "False", "(4,)", 16, "type |O")]
    [InlineData("'<i4'", "False", "(5,)", 16, "20 belong")]
    [InlineData("'<i4'", "False", "(3,)", 16, "12 belong")]
    [InlineData("'<i4'", "False", "()", 4, "one to three")]
    [InlineData("'<i4'", "False", "(1, 1, 1, 1)", 4, "one to three")]
    [InlineData("'<i4'", "False", "(99999999999, 99999999999)", 4, "impossible")]
    [InlineData("[('a', '<i4')]", "False", "(4,)", 16, "not understood")]
    public void ReadLabelMaps_Header_IsTakenStrictly(string type, string order, string shape, int bytes, string? complaint)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("a.npy", Npy($"{{'descr': {type}, 'fortran_order': {order}, 'shape': {shape}, }}", new byte[bytes]));
        if (complaint is null)
            Assert.All(NpyArray.ReadLabelMaps(path, out _), label => Assert.Equal(0, label));
        else
            Assert.Contains(complaint, Assert.Throws<NvgDataException>(() => NpyArray.ReadLabelMaps(path, out _)).Message,
                StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{'descr':'<i4','fortran_order':False,'shape':(2,)}")]
    [InlineData(" { 'descr' : '<i4' , 'fortran_order' : False , 'shape' : ( 2 , ) , } ")]
    public void ReadLabelMaps_OtherBlanksInHeader_AreRead(string header)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("a.npy", Npy(header, [1, 0, 0, 0, 7, 0, 0, 0]));
        Assert.Equal([1, 7], NpyArray.ReadLabelMaps(path, out _));
    }

    [Fact]
    public void ReadLabelMaps_NegativeLabel_NamesItsPlace()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("a.npy",
            Npy("{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }", [1, 0, 0, 0, 255, 255, 255, 255]));
        Assert.Contains("element 1 is -1", Assert.Throws<NvgDataException>(() => NpyArray.ReadLabelMaps(path, out _)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Read_CompressedDoubles_ComeBack()
    {
        using var folder = new TemporaryFolder();
        using (ZipArchive zip = ZipFile.Open(folder["a.npz"], ZipArchiveMode.Create))
        using (Stream mu = zip.CreateEntry("mu.npy", CompressionLevel.Optimal).Open())
            mu.Write(Npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }",
                [.. BitConverter.GetBytes(0.5), .. BitConverter.GetBytes(-3.0)]));
        using NpzFile file = NpzFile.Open(folder["a.npz"]);
        Assert.Equal([0.5, -3], file.Read("mu").ToDoubles());
        Assert.Contains("images are uint8", Assert.Throws<NvgDataException>(() => file.Images("mu").Count()).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Open_NoZip_IsRefused()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<NvgDataException>(() => NpzFile.Open(folder.Write("a.npz", [1, 2, 3])));
        Assert.Throws<NvgDataException>(() => NpyArray.Read(folder.Write("a.npy", [1, 2, 3])));
        Assert.Throws<NvgDataException>(() => NpyArray.Read(folder["none.npy"]));
    }

    [Fact]
    public void OpenArray_DamagedHeader_IsRefused()
    {
        using var folder = new TemporaryFolder();
        NpzFile.Write(folder["a.npz"], [KeyValuePair.Create("mu", NpyArray.Of(new byte[4], 4))]);
        byte[] bytes = File.ReadAllBytes(folder["a.npz"]);
        int directory = bytes.AsSpan().LastIndexOf("PK\u0001\u0002"u8);
        string header = folder.Write("b.npz", Changed(0)), damagedDirectory = folder.Write("c.npz", Changed(directory));
        using (NpzFile file = NpzFile.Open(header))
        {
            Assert.Contains("is damaged", Assert.Throws<NvgDataException>(() => file.Read("mu")).Message, StringComparison.Ordinal);
            Assert.Contains("is damaged", Assert.Throws<NvgDataException>(() => file.ImageShape("mu")).Message, StringComparison.Ordinal);
            Assert.Contains("is damaged", Assert.Throws<NvgDataException>(() => file.Images("mu").Count()).Message,
                StringComparison.Ordinal);
        }

        Assert.Throws<NvgDataException>(() => NpzFile.Open(damagedDirectory));

        byte[] Changed(int place)
        {
            byte[] changed = [.. bytes];
            changed[place] ^= 1;
            return changed;
        }
    }

    private static byte[] Npy(string header, byte[] elements) =>
        [0x93, .. "NUMPY"u8, 1, 0, (byte)(header.Length + 1), 0, .. Encoding.ASCII.GetBytes(header + "\n"), .. elements];
}
