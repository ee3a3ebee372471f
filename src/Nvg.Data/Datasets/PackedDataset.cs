using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Nvg.Data.Packing;
using Nvg.Imaging;

namespace Nvg.Data.Datasets;

/// <summary>
/// A data set of pixels created by <see cref="Preparation"/>: a folder with <c>dataset.json</c>, <c>images.u8</c> (images × rows ×
/// columns × 3 bytes) and <c>labels.i32</c> (a little-endian int32 per image). Pixels are memory-mapped, so opening is instant and
/// several processes share one copy. Thread-safe.
/// </summary>
public sealed unsafe class PackedDataset : IImageDataset
{
    /// <summary>Largest side of a stored image.</summary>
    public const int LargestSide = RgbImage.LargestSide;

    internal const string PixelsName = "images.u8";

    // File names in data sets of version 0.1.
    private const string FormerPixelsName = "pictures.u8";
    internal const string LabelsName = "labels.i32";

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly int[] _labels;
    private readonly int _imageBytes;
    private readonly string _folder;
    private readonly string _pixelsName;
    private byte* _pixels;

    private PackedDataset(string folder, DatasetDescription description)
    {
        (_folder, Description) = (folder, description);
        _imageBytes = description.StoredSize * description.StoredSize * RgbImage.Channels;
        _labels = ReadLabels(Path.Combine(folder, LabelsName), description);
        _pixelsName = NameOf(folder, PixelsName, FormerPixelsName);
        string pixels = Path.Combine(folder, _pixelsName);
        RequireLength(pixels, (long)description.Count * _imageBytes);
        _file = MemoryMappedFile.CreateFromFile(pixels, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _pixels);
        Classes = [.. description.Classes.Select(c => c.Name)];
        Fingerprint = description.Fingerprint();
    }

    /// <summary>The description of the data set.</summary>
    public DatasetDescription Description { get; }

    /// <summary>The number of images.</summary>
    public int Count => Description.Count;

    /// <summary>Side of the training images, in pixels.</summary>
    public int Size => Description.Size;

    /// <summary>Side of the stored images, at least <see cref="Size"/>.</summary>
    public int StoredSize => Description.StoredSize;

    /// <summary>Names of the classes. A label is an index into this list.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>
    /// Identifies the content: data sets with the same fingerprint hold the same images and labels in the same order.
    /// </summary>
    public string Fingerprint { get; }

    /// <inheritdoc/>
    public bool IsEncoded => false;

    /// <summary>Opens a data set and checks that its files are consistent; pixels are not read (see <see cref="Verify"/>).</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="NvgDataException">The folder is not a data set of pixels, or is damaged.</exception>
    public static PackedDataset Open(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (!Directory.Exists(folder))
            throw NvgDataException.At(folder, "no such folder", "make a data set with nvg prepare");
        try
        {
            DatasetDescription description = DatasetDescription.Read(folder);
            return !description.Encoded
                ? new PackedDataset(folder, description)
                : throw NvgDataException.At(folder, "contains image files where pixels are needed", "prepare it without --keep-files");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NvgDataException.At(folder, "cannot be read", e.Message, e);
        }
    }

    /// <summary>The pixels of an image, stored size × stored size × 3; the span must not be used after <see cref="Dispose"/>.</summary>
    /// <param name="index">Zero-based index of the image.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such image.</exception>
    /// <exception cref="ObjectDisposedException">The data set has been disposed.</exception>
    public ReadOnlySpan<byte> Image(int index)
    {
        byte* pixels = Require(index);
        return new ReadOnlySpan<byte>(pixels + ((long)index * _imageBytes), _imageBytes);
    }

    /// <summary>The class of an image.</summary>
    /// <param name="index">Zero-based index of the image.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such image.</exception>
    /// <exception cref="ObjectDisposedException">The data set has been disposed.</exception>
    public int Label(int index)
    {
        Require(index);
        return _labels[index];
    }

    /// <summary>Copies a square crop of <see cref="Size"/> pixels from an image.</summary>
    /// <param name="index">Zero-based index of the image.</param>
    /// <param name="left">First column, from 0 to stored size − size; half of that is the centre.</param>
    /// <param name="top">First row, in the same range.</param>
    /// <param name="flip">Whether to mirror the crop horizontally.</param>
    /// <param name="destination">size × size × 3 bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such image, or the crop exceeds it.</exception>
    /// <exception cref="ArgumentException">The destination has the wrong length.</exception>
    /// <exception cref="ObjectDisposedException">The data set has been disposed.</exception>
    public void CopyCrop(int index, int left, int top, bool flip, Span<byte> destination)
    {
        int rest = StoredSize - Size, row = Size * RgbImage.Channels;
        if ((uint)left > (uint)rest || (uint)top > (uint)rest)
            throw new ArgumentOutOfRangeException(nameof(left), $"({left}, {top}) must be between 0 and {rest}");
        if (destination.Length != Size * row)
            throw new ArgumentException($"the destination has {destination.Length} bytes for a crop of {Size * row}", nameof(destination));
        ReadOnlySpan<byte> image = Image(index);
        for (int y = 0; y < Size; y++)
        {
            ReadOnlySpan<byte> source = image.Slice((((top + y) * StoredSize) + left) * RgbImage.Channels, row);
            if (flip)
                RgbImage.CopyReversed(source, destination.Slice(y * row, row));
            else
                source.CopyTo(destination[(y * row)..]);
        }
    }

    /// <inheritdoc/>
    public void CopySquare(int index, ImageCrop crop, Span<byte> destination)
    {
        int room = StoredSize - Size;
        CopyCrop(index, ImageCrop.Offset(crop.Left, room), ImageCrop.Offset(crop.Top, room), crop.Flip, destination);
        QuarterTurns.Apply(destination, Size, crop.Turns);
    }

    /// <summary>Verifies the checksums of pixels and labels, which reads all of them.</summary>
    /// <exception cref="NvgDataException">Pixels or labels have changed since they were packed.</exception>
    /// <exception cref="ObjectDisposedException">The data set has been disposed.</exception>
    public void Verify()
    {
        Require(0);
        RequireHash(_pixelsName, Description.PixelsSha256);
        RequireHash(LabelsName, Description.LabelsSha256);
    }

    /// <summary>Unmaps the pixels.</summary>
    public void Dispose()
    {
        if (_pixels == null)
            return;
        _pixels = null;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    private byte* Require(int index)
    {
        byte* pixels = _pixels;
        ObjectDisposedException.ThrowIf(pixels == null, this);
        if ((uint)index >= (uint)Count)
            throw new ArgumentOutOfRangeException(nameof(index), index, $"there are {Count} images");
        return pixels;
    }

    private void RequireHash(string name, string expected)
    {
        using FileStream file = File.OpenRead(Path.Combine(_folder, name));
        if (Convert.ToHexStringLower(SHA256.HashData(file)) != expected)
            throw NvgDataException.At(file.Name, "has changed since it was packed", "prepare the data again");
    }

    /// <summary>The path of a file that had a different name in earlier versions.</summary>
    internal static string NameOf(string folder, string name, string former) =>
        !File.Exists(Path.Combine(folder, name)) && File.Exists(Path.Combine(folder, former)) ? former : name;

    internal static int[] ReadLabels(string path, DatasetDescription description)
    {
        RequireLength(path, (long)description.Count * sizeof(int));
        // Little-endian, like every supported machine.
        int[] labels = MemoryMarshal.Cast<byte, int>(File.ReadAllBytes(path)).ToArray();
        int[] counts = new int[description.Classes.Count];
        foreach (int label in labels)
        {
            if ((uint)label >= (uint)counts.Length)
            {
                throw NvgDataException.At(
                    path, $"contains the label {label}, but there are {counts.Length} classes", "prepare the data again");
            }

            counts[label]++;
        }

        if (!counts.SequenceEqual(description.Classes.Select(c => c.Count)))
        {
            throw NvgDataException.At(
                path, $"labels do not match the counts in {DatasetDescription.FileName}", "prepare the data again");
        }

        return labels;
    }

    internal static void RequireLength(string path, long length)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
            throw NvgDataException.At(path, "is missing", "prepare the data again");
        if (file.Length != length)
            throw NvgDataException.At(path, $"has {file.Length} bytes instead of {length}", "prepare the data again");
    }
}
