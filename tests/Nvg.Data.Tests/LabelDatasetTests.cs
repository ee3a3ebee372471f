using Nvg.Data.Datasets;

namespace Nvg.Data.Tests;

/// <summary>Data sets without their images.</summary>
public sealed class LabelDatasetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public LabelDatasetTests() => Tiny.Prepare(_folder["images"], _folder["data"]);

    [Fact]
    public void OpenLabels_ImagesMissing_IsTheSameDataSet()
    {
        using var whole = PackedDataset.Open(_folder["data"]);
        File.Delete(_folder["data/images.u8"]);
        using IImageDataset labels = ImageDataset.OpenLabels(_folder["data"]);
        Assert.Equal((whole.Fingerprint, whole.Count, whole.Size), (labels.Fingerprint, labels.Count, labels.Size));
        Assert.Equal(whole.Classes, labels.Classes);
        Assert.Equal(Enumerable.Range(0, whole.Count).Select(whole.Label), Enumerable.Range(0, labels.Count).Select(labels.Label));
        Assert.Throws<ArgumentOutOfRangeException>(() => labels.Label(labels.Count));
    }

    [Fact]
    public void CopySquare_WithoutImages_SaysSo()
    {
        using IImageDataset labels = ImageDataset.OpenLabels(_folder["data"]);
        string message = Assert.Throws<NvgDataException>(() => labels.CopySquare(0, ImageCrop.Centre, new byte[192])).Message;
        Assert.Contains("images are needed", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("labels.i32")]
    [InlineData("dataset.json")]
    public void OpenLabels_FileMissing_NamesIt(string name)
    {
        File.Delete(_folder[$"data/{name}"]);
        Assert.Contains(
            name, Assert.Throws<NvgDataException>(() => ImageDataset.OpenLabels(_folder["data"])).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}
