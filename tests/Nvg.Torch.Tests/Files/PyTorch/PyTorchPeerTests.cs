using Nvg.Torch.Files.PyTorch;

namespace Nvg.Torch.Tests.Files.PyTorch;

/// <summary>Files that PyTorch wrote, read here, and the other way round: every element of every tensor.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public sealed class PyTorchPeerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("nvg-test-").FullName;

    [TorchPeerFact]
    public void Open_FilesOfPyTorch_HaveEveryValue()
    {
        TorchPeer.Run(TorchPeer.Script("torch_files.py"), "write", _folder);
        foreach (string name in new[] { "types", "views", "lightning" })
        {
            string[] expected = File.ReadAllLines(Path.Combine(_folder, name + ".txt"));
            Assert.NotEmpty(expected);
            foreach (string suffix in new[] { ".pth", "-legacy.pth" })
            {
                using PyTorchFile file = PyTorchFile.Open(Path.Combine(_folder, name + suffix));
                Assert.Equal(expected, file.Select(t => Line(t.Key, t.Value)));
                if (name == "lightning")
                    Assert.Equal((3L, 12_345_678_901L, "1.9.0"), (file.Scalars["epoch"], file.Scalars["global_step"], file.Scalars["pytorch-lightning_version"]));
            }
        }
    }

    [TorchPeerFact]
    public void Write_File_IsReadByPyTorch()
    {
        using var scope = new TensorScope();
        var tensors = new Dictionary<string, Tensor>
        {
            ["empty"] = Tensor.Zeros([0, 4]),
            ["rank0"] = Tensor.Scalar(2.5),
            ["transposed"] = Tensor.Arange(0, 6).Reshape(2, 3).Transpose(0, 1),
            ["ü"] = Tensor.From([1f], 1),
            ["large"] = Tensor.Arange(0, 5_000, type: ScalarType.Int16),
        };
        foreach (ScalarType type in Enum.GetValues<ScalarType>())
            tensors[type.ToString()] = Tensor.From([0f, 1, 2, 3, 1, 0], 3, 2).To(type);
        string path = Path.Combine(_folder, "x.pth");
        PyTorchFile.Write(path, tensors, new Dictionary<string, object> { ["note"] = "✓", ["number"] = 1L << 40 });
        Assert.Equal(tensors.Select(t => Line(t.Key, t.Value)), TorchPeer.Run(TorchPeer.Script("torch_files.py"), "print", path).TrimEnd().Split('\n'));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Line(string name, Tensor tensor)
    {
        byte[] bytes = new byte[tensor.ElementCount * tensor.ScalarType.ByteSize()];
        tensor.CopyBytesTo(bytes);
        string sizes = string.Join(',', tensor.Shape.ToArray());
        return $"{name} {tensor.ScalarType.ToString().ToLowerInvariant()} {(sizes.Length > 0 ? sizes : "-")} {(bytes.Length > 0 ? Convert.ToHexStringLower(bytes) : "-")}";
    }
}
