namespace Nvg.Data.Datasets;

/// <summary>
/// A data set without its images: only <c>dataset.json</c> and <c>labels.i32</c>. It has the fingerprint of the whole data set, so that
/// generators can be trained on sequences that were encoded elsewhere.
/// </summary>
internal sealed class LabelDataset : IImageDataset
{
    private readonly string _folder;
    private readonly int[] _labels;

    private LabelDataset(string folder, DatasetDescription description)
    {
        (_folder, Count, Size, IsEncoded) = (folder, description.Count, description.Size, description.Encoded);
        _labels = PackedDataset.ReadLabels(Path.Combine(folder, PackedDataset.LabelsName), description);
        Classes = [.. description.Classes.Select(c => c.Name)];
        Fingerprint = description.Fingerprint();
    }

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public int Size { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Classes { get; }

    /// <inheritdoc/>
    public string Fingerprint { get; }

    /// <inheritdoc/>
    public bool IsEncoded { get; }

    /// <summary>Opens the folder of a data set without looking for images.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="NvgDataException">The folder is not a data set, or is damaged.</exception>
    internal static LabelDataset Open(string folder)
    {
        try
        {
            return new LabelDataset(folder, DatasetDescription.Read(folder));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NvgDataException.At(folder, "cannot be read", e.Message, e);
        }
    }

    /// <inheritdoc/>
    public int Label(int index) => (uint)index < (uint)Count
        ? _labels[index]
        : throw new ArgumentOutOfRangeException(nameof(index), index, $"there are {Count} images");

    /// <summary>Always throws.</summary>
    /// <inheritdoc/>
    /// <exception cref="NvgDataException">The images are not available.</exception>
    public void CopySquare(int index, ImageCrop crop, Span<byte> destination) => throw NvgDataException.At(
        _folder, "images are needed, and the data set was opened without them", "use only what its encoded sequences suffice for");

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
