using Nvg.Data.Packing;

namespace Nvg.Data.Datasets;

/// <summary>
/// A data set of labelled images created by <see cref="Preparation"/>, stored as pixels or as image files. Thread-safe.
/// </summary>
public interface IImageDataset : IDisposable
{
    /// <summary>The number of images.</summary>
    int Count { get; }

    /// <summary>Side of the training images, in pixels.</summary>
    int Size { get; }

    /// <summary>Names of the classes. A label is an index into this list.</summary>
    IReadOnlyList<string> Classes { get; }

    /// <summary>Identifies the whole content.</summary>
    string Fingerprint { get; }

    /// <summary>Whether images must be decoded, so that prefetching is worthwhile.</summary>
    bool IsEncoded { get; }

    /// <summary>The class of an image.</summary>
    /// <param name="index">Zero-based index of the image.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such image.</exception>
    int Label(int index);

    /// <summary>Copies a square crop of <see cref="Size"/> pixels from an image.</summary>
    /// <param name="index">Zero-based index of the image.</param>
    /// <param name="crop">The crop.</param>
    /// <param name="destination">size × size × 3 bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such image.</exception>
    void CopySquare(int index, ImageCrop crop, Span<byte> destination);
}
