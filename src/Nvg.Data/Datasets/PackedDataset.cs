using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Nvg.Data.Packing;
using Nvg.Imaging;

namespace Nvg.Data.Datasets;

/// <summary>
/// A data set as <see cref="Preparation"/> packs it: a folder with <c>dataset.json</c>, <c>images.u8</c> (images ×
/// rows × columns × 3 bytes) and <c>labels.i32</c> (a little-endian int32 per image). The pixels are mapped, not
/// loaded, so opening is instant and several processes share one copy. Reading is safe from many threads.
/// </summary>
public sealed unsafe class PackedDataset : IImageDataset
{
    /// <summary>The largest side of a stored square.</summary>
    public const int LargestSide = RgbImage.LargestSide;

    internal const string PixelsName = "images.u8";
    internal const string LabelsName = "labels.i32";

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly int[] _labels;
    private readonly int _imageBytes;
    private readonly string _folder;
    private byte* _pixels;

    private PackedDataset(string folder, DatasetDescription description)
    {
        (_folder, Description) = (folder, description);
        _imageBytes = description.StoredSize * description.StoredSize * RgbImage.Channels;
        _labels = ReadLabels(Path.Combine(folder, LabelsName), description);
        string pixels = Path.Combine(folder, PixelsName);
        RequireLength(pixels, (long)description.Count * _imageBytes);
        _file = MemoryMappedFile.CreateFromFile(pixels, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _pixels);
        Classes = [.. description.Classes.Select(c => c.Name)];
        Fingerprint = description.Fingerprint();
    }

    /// <summary>What the folder says of itself.</summary>
    public DatasetDescription Description { get; }

    /// <summary>The number of images.</summary>
    public int Count => Description.Count;

    /// <summary>The side of the squares that a model is trained on.</summary>
    public int Size => Description.Size;

    /// <summary>The side of the squares that are stored, at least <see cref="Size"/>.</summary>
    public int StoredSize => Description.StoredSize;

    /// <summary>The names of the classes; a label is a place in this list.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>One text for the whole content: two data sets with the same one hold the same images and labels in the same order.</summary>
    public string Fingerprint { get; }

    /// <inheritdoc/>
    public bool IsEncoded => false;

    /// <summary>Opens a data set and checks that its files fit together; pixels are not read (see <see cref="Verify"/>).</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="NvgDataException">It is no packed data set, or a damaged one.</exception>
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
                : throw NvgDataException.At(folder, "holds image files, and pixels are needed here", "prepare it without --keep-files");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NvgDataException.At(folder, "cannot be read", e.Message, e);
        }
    }

    /// <summary>The pixels of an image, stored size × stored size × 3; the span must not be used after <see cref="Dispose"/>.</summary>
    /// <param name="index">From 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such image.</exception>
    /// <exception cref="ObjectDisposedException">The data set has been disposed.</exception>
    public ReadOnlySpan<byte> Image(int index)
    {
        byte* pixels = Require(index);
        return new ReadOnlySpan<byte>(pixels + ((long)index * _imageBytes), _imageBytes);
    }

    /// <summary>The class of an image.</summary>
    /// <param name="index">From 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such image.</exception>
    /// <exception cref="ObjectDisposedException">The data set has been disposed.</exception>
    public int Label(int index)
    {
        Require(index);
        return _labels[index];
    }

    /// <summary>Copies a square of <see cref="Size"/> out of an image.</summary>
    /// <param name="index">From 0.</param>
    /// <param name="left">First column, from 0 to stored size − size; half of that is the centre.</param>
    /// <param name="top">First row, likewise.</param>
    /// <param name="flip">Whether to exchange left and right.</param>
    /// <param name="destination">size × size × 3 bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such image, or the square leaves it.</exception>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    /// <exception cref="ObjectDisposedException">The data set has been disposed.</exception>
    public void CopyCrop(int index, int left, int top, bool flip, Span<byte> destination)
    {
        int rest = StoredSize - Size, row = Size * RgbImage.Channels;
        if ((uint)left > (uint)rest || (uint)top > (uint)rest)
            throw new ArgumentOutOfRangeException(nameof(left), $"({left}, {top}) must lie between 0 and {rest}");
        if (destination.Length != Size * row)
            throw new ArgumentException($"{destination.Length} bytes for a crop of {Size * row}", nameof(destination));
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
    public void CopySquare(int index, ImageCrop crop, Span<byte> destination) => CopyCrop(
        index, ImageCrop.Offset(crop.Left, StoredSize - Size), ImageCrop.Offset(crop.Top, StoredSize - Size), crop.Flip, destination);

    /// <summary>Reads everything and compares it with the checksums in <c>dataset.json</c>.</summary>
    /// <exception cref="NvgDataException">The pixels or the labels have changed since they were packed.</exception>
    /// <exception cref="ObjectDisposedException">The data set has been disposed.</exception>
    public void Verify()
    {
        Require(0);
        RequireHash(PixelsName, Description.PixelsSha256);
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

    internal static int[] ReadLabels(string path, DatasetDescription description)
    {
        RequireLength(path, (long)description.Count * sizeof(int));
        // Little-endian, as every machine that .NET runs on here.
        int[] labels = MemoryMarshal.Cast<byte, int>(File.ReadAllBytes(path)).ToArray();
        int[] counts = new int[description.Classes.Count];
        foreach (int label in labels)
        {
            if ((uint)label >= (uint)counts.Length)
                throw NvgDataException.At(path, $"holds the label {label} where there are {counts.Length} classes", "prepare the data again");
            counts[label]++;
        }

        if (!counts.SequenceEqual(description.Classes.Select(c => c.Count)))
            throw NvgDataException.At(path, $"labels do not agree with the counts in {DatasetDescription.FileName}", "prepare the data again");
        return labels;
    }

    internal static void RequireLength(string path, long length)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
            throw NvgDataException.At(path, "is missing", "prepare the data again");
        if (file.Length != length)
            throw NvgDataException.At(path, $"has {file.Length} bytes where {length} belong", "prepare the data again");
    }
}
