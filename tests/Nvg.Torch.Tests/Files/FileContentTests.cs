using System.Text;
using Nvg.Torch.Files;
using Nvg.Torch.Files.PyTorch;
using Nvg.Torch.Files.Safetensors;

namespace Nvg.Torch.Tests.Files;

/// <summary>A refusal says what the file is.</summary>
public sealed class FileContentTests : IDisposable
{
    private const string Pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4b2f\nsize 100\n";

    private readonly string _folder = Directory.CreateTempSubdirectory("nvg-test-").FullName;

    public static TheoryData<byte[], string> Foreign { get; } = new()
    {
        { [], "is empty; download or create it again" },
        { Encoding.ASCII.GetBytes(Pointer), "is a Git LFS pointer, not the file itself; run git lfs pull in the repository it came from" },
        { Encoding.ASCII.GetBytes("<!DOCTYPE html><title>Sign in</title>"), "is a web page, not the file itself; download it again" },
        { Encoding.UTF8.GetBytes("\uFEFF\n <HTML lang=en>"), "is a web page" },
        { Encoding.ASCII.GetBytes("{\"weight_map\": {}}"), "neither a safetensors nor a PyTorch file, but text" },
        { [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0], "neither a safetensors nor a PyTorch file, but a gzip file" },
        { Encoding.ASCII.GetBytes("GGUF\u0003\0\0\0\0\0"), "neither a safetensors nor a PyTorch file, but a GGUF file" },
        { Encoding.Latin1.GetBytes("\u0089HDF\r\n\u001a\n"), "neither a safetensors nor a PyTorch file, but an HDF5 file" },
        { Encoding.Latin1.GetBytes("\u0093NUMPY\u0001\0"), "neither a safetensors nor a PyTorch file, but a NumPy array" },
        { [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], "neither a safetensors nor a PyTorch file" },
    };

    [Theory]
    [MemberData(nameof(Foreign))]
    public void Open_FileThatHoldsNoTensors_SaysWhatItIs(byte[] content, string words)
    {
        string path = Path.Combine(_folder, "model.safetensors");
        File.WriteAllBytes(path, content);
        string message = Assert.Throws<TensorFileException>(() => TensorFile.Open(path)).Message;
        Assert.StartsWith($"{path}: {words}", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_ByEachReader_SaysThatItIsAPointer()
    {
        string path = Path.Combine(_folder, "model");
        File.WriteAllText(path, Pointer);
        Assert.Contains("is a Git LFS pointer", Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open(path)).Message,
            StringComparison.Ordinal);
        Assert.Contains("is a Git LFS pointer", Assert.Throws<PyTorchFileException>(() => PyTorchFile.Open(path)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("evil\u001b[2J\u001b]0;owned\u0007", "evil\\x1b[2J\\x1b]0;owned\\x07")]
    [InlineData("a\r100 images\n", "a\\r100 images\\n")]
    [InlineData("a\u202eb\u2066\u0085", "a\\u202eb\\u2066\\x85")]
    public void Open_NamesWithControlCharacters_AreEscaped(string name, string shown)
    {
        string json = $$$"""{{{{System.Text.Json.JsonSerializer.Serialize(name)}}}:{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}""";
        byte[] header = Encoding.UTF8.GetBytes(json);
        string path = Path.Combine(_folder, "x.safetensors");
        File.WriteAllBytes(path, [.. BitConverter.GetBytes((long)header.Length), .. header, .. new byte[8]]);
        string message = Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open(path)).Message;
        Assert.Contains(shown, message, StringComparison.Ordinal);
        Assert.DoesNotContain(message, c => char.IsControl(c) || c is '\u202e' or '\u2066');
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
