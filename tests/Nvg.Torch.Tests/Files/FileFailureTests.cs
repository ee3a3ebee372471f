using Nvg.Torch.Files.Npy;

namespace Nvg.Torch.Tests.Files;

public sealed class FileFailureTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("nvg-test-").FullName;

    [Fact]
    public void Reading_MissingFile_NamesItAndSaysSo()
    {
        string path = Path.Combine(_folder, "none.npy");
        NvgDataException error = Assert.Throws<NvgDataException>(() => NpyArray.Read(path));
        Assert.Equal($"{path}: does not exist", error.Message);
        Assert.Equal((path, null), (error.Path, error.Remedy));
        Assert.IsType<FileNotFoundException>(error.InnerException);
    }

    [Fact]
    public void Reading_Folder_SaysWhyItCannotBeRead()
    {
        NvgDataException error = Assert.Throws<NvgDataException>(() => NpyArray.Read(_folder));
        Assert.StartsWith($"{_folder}: cannot be read: ", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Reading_OtherFailure_PassesThrough() =>
        Assert.Throws<FormatException>(() => FileFailure.Reading<int>("a", () => throw new FormatException()));

    [Fact]
    public void Writing_FolderInTheWay_NamesTheFile()
    {
        IOException error = Assert.Throws<IOException>(() => FileFailure.Writing("a.txt", () => File.WriteAllText(_folder, "text")));
        Assert.StartsWith("a.txt: cannot be written: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void At_Remedy_IsInTheMessageAndTheProperty()
    {
        NvgDataException error = NvgDataException.At("a.png", "is too large", "make it smaller");
        Assert.Equal(("a.png: is too large; make it smaller", "a.png", "make it smaller"), (error.Message, error.Path, error.Remedy));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
