using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Nvg.Imaging;

namespace Nvg.Data.Datasets;

/// <summary>
/// A data set of original image files, concatenated: <c>dataset.json</c>, <c>images.files</c>, <c>offsets.i64</c> (start of each
/// file, and the end) and <c>labels.i32</c>. Images are decoded, resized and cropped at every access, so random crops come from the
/// whole image.
/// </summary>
public sealed class EncodedDataset : IImageDataset
{
    internal const string FilesName = "images.files";

    // File name in data sets of version 0.1.
    private const string FormerFilesName = "pictures.files";
    internal const string OffsetsName = "offsets.i64";

    private readonly SafeFileHandle _files;
    private readonly long[] _offsets;
    private readonly int[] _labels;

    private EncodedDataset(string folder, DatasetDescription description)
    {
        Description = description;
        _labels = PackedDataset.ReadLabels(Path.Combine(folder, PackedDataset.LabelsName), description);
        string offsets = Path.Combine(folder, OffsetsName);
        string files = Path.Combine(folder, PackedDataset.NameOf(folder, FilesName, FormerFilesName));
        PackedDataset.RequireLength(offsets, (description.Count + 1L) * sizeof(long));
        _offsets = MemoryMarshal.Cast<byte, long>(File.ReadAllBytes(offsets)).ToArray();
        if (_offsets[0] != 0 || _offsets.Zip(_offsets.Skip(1)).Any(o => o.Second - o.First is < 1 or > int.MaxValue))
            throw NvgDataException.At(offsets, "does not contain increasing offsets", "prepare the data again");
        PackedDataset.RequireLength(files, _offsets[^1]);
        _files = File.OpenHandle(files, options: FileOptions.RandomAccess);
        Classes = [.. description.Classes.Select(c => c.Name)];
        Fingerprint = description.Fingerprint();
    }

    /// <summary>The description of the data set.</summary>
    public DatasetDescription Description { get; }

    /// <inheritdoc/>
    public int Count => Description.Count;

    /// <inheritdoc/>
    public int Size => Description.Size;

    /// <inheritdoc/>
    public IReadOnlyList<string> Classes { get; }

    /// <inheritdoc/>
    public string Fingerprint { get; }

    /// <inheritdoc/>
    public bool IsEncoded => true;

    /// <summary>Opens a data set and checks that its files are consistent; images are not read.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="NvgDataException">The folder is not a data set of image files, or is damaged.</exception>
    public static EncodedDataset Open(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        try
        {
            return new EncodedDataset(folder, DatasetDescription.Read(folder));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NvgDataException.At(folder, "cannot be read", e.Message, e);
        }
    }

    /// <inheritdoc/>
    public int Label(int index) => _labels[Require(index)];

    /// <summary>The bytes of an image file.</summary>
    /// <param name="index">Zero-based index of the image.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such image.</exception>
    public byte[] ReadFile(int index)
    {
        long start = _offsets[Require(index)];
        byte[] encoded = new byte[_offsets[index + 1] - start];
        for (int done = 0; done < encoded.Length;)
        {
            int read = RandomAccess.Read(_files, encoded.AsSpan(done), start + done);
            if (read == 0)
                throw NvgDataException.At(FilesName, "ends before its last image", "prepare the data again");
            done += read;
        }

        return encoded;
    }

    /// <inheritdoc/>
    public void CopySquare(int index, ImageCrop crop, Span<byte> destination) =>
        CopySquare(ReadFile(index), $"image {index}", Size, crop, destination);

    /// <summary>Closes the files.</summary>
    public void Dispose() => _files.Dispose();

    /// <summary>Copies a square crop of an encoded image.</summary>
    internal static void CopySquare(byte[] encoded, string name, int size, ImageCrop crop, Span<byte> destination)
    {
        int row = size * RgbImage.Channels;
        if (destination.Length != size * row)
            throw new ArgumentException($"the destination has {destination.Length} bytes for a crop of {size * row}", nameof(destination));
        RgbImage image = ImageFile.Decode(encoded, name, Math.Max(size, (int)Math.Round(size * crop.Zoom)));
        int left = ImageCrop.Offset(crop.Left, image.Width - size), top = ImageCrop.Offset(crop.Top, image.Height - size);
        for (int y = 0; y < size; y++)
        {
            ReadOnlySpan<byte> source = image.Row(top + y).Slice(left * RgbImage.Channels, row);
            if (crop.Flip)
                RgbImage.CopyReversed(source, destination.Slice(y * row, row));
            else
                source.CopyTo(destination[(y * row)..]);
        }

        QuarterTurns.Apply(destination, size, crop.Turns);
    }

    private int Require(int index) => (uint)index < (uint)Count
        ? index
        : throw new ArgumentOutOfRangeException(nameof(index), index, $"there are {Count} images");
}
