namespace Nvg.Data;

/// <summary>Labelled pictures to train on, made by <see cref="Preparation"/>: as pixels or as picture files. Reading is safe from many threads.</summary>
public interface IPictureDataset : IDisposable
{
    /// <summary>The number of pictures.</summary>
    int Count { get; }

    /// <summary>The side of the squares that a model is trained on.</summary>
    int Size { get; }

    /// <summary>The names of the classes; a label is a place in this list.</summary>
    IReadOnlyList<string> Classes { get; }

    /// <summary>One text for the whole content.</summary>
    string Fingerprint { get; }

    /// <summary>Whether a picture takes long to read, so that it is worth doing ahead of time.</summary>
    bool IsEncoded { get; }

    /// <summary>The class of a picture.</summary>
    /// <param name="index">From 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such picture.</exception>
    int Label(int index);

    /// <summary>Copies a square of <see cref="Size"/> out of a picture.</summary>
    /// <param name="index">From 0.</param>
    /// <param name="crop">Which square.</param>
    /// <param name="destination">size × size × 3 bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such picture.</exception>
    void CopySquare(int index, PictureCrop crop, Span<byte> destination);
}
