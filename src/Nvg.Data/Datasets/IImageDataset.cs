using Nvg.Data.Packing;

namespace Nvg.Data.Datasets;

/// <summary>Labelled images to train on, made by <see cref="Preparation"/>: as pixels or as image files. Reading is safe from many threads.</summary>
public interface IImageDataset : IDisposable
{
    /// <summary>The number of images.</summary>
    int Count { get; }

    /// <summary>The side of the squares that a model is trained on.</summary>
    int Size { get; }

    /// <summary>The names of the classes; a label is a place in this list.</summary>
    IReadOnlyList<string> Classes { get; }

    /// <summary>One text for the whole content.</summary>
    string Fingerprint { get; }

    /// <summary>Whether an image takes long to read, so that it is worth doing ahead of time.</summary>
    bool IsEncoded { get; }

    /// <summary>The class of an image.</summary>
    /// <param name="index">From 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such image.</exception>
    int Label(int index);

    /// <summary>Copies a square of <see cref="Size"/> out of an image.</summary>
    /// <param name="index">From 0.</param>
    /// <param name="crop">Which square.</param>
    /// <param name="destination">size × size × 3 bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such image.</exception>
    void CopySquare(int index, ImageCrop crop, Span<byte> destination);
}
