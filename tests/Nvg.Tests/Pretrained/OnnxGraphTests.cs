using Nvg.Pretrained;
using Nvg.Torch.Files.Onnx;

namespace Nvg.Tests.Pretrained;

/// <summary>Files that are damaged are refused with one line; whole files are read by <see cref="ResNet18Tests"/>.</summary>
[Collection(RunsAlone.Name), NoTensorLeaks]
public class OnnxGraphTests
{
    private static readonly ResNet18Files Files = ResNet18Files.Locate(ResNet18Package.Folder);

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(100_000)]
    public void Read_TruncatedFile_IsRefusedWithOneLine(int length)
    {
        using var folder = new TemporaryFolder();
        byte[] whole = File.ReadAllBytes(Files.Network);
        File.WriteAllBytes(folder["short.onnx"], whole[..length]);
        string message = Assert.Throws<NvgDataException>(() => OnnxGraph.Read(folder["short.onnx"])).Message;
        Assert.Contains("short.onnx: is not a complete ONNX file", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Read_MissingFile_IsRefused()
    {
        using var folder = new TemporaryFolder();
        string message = Assert.Throws<NvgDataException>(() => OnnxGraph.Read(folder["none.onnx"])).Message;
        Assert.Contains("none.onnx: does not exist", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_RandomDamage_IsRefused()
    {
        using var folder = new TemporaryFolder();
        // Cut off, so that no damage makes a complete file of it.
        byte[] start = File.ReadAllBytes(Files.Preprocessing)[..2_000];
        var random = new Random(1);
        for (int i = 0; i < 200; i++)
        {
            byte[] damaged = [.. start];
            for (int j = 0; j < 8; j++)
                damaged[random.Next(200)] = (byte)random.Next(256);
            File.WriteAllBytes(folder["damaged.onnx"], damaged);
            Assert.Throws<NvgDataException>(() => OnnxGraph.Read(folder["damaged.onnx"]));
        }
    }
}
