namespace Nvg.Imaging;

/// <summary>An sRGB image with 8 bits per channel: rows from top to bottom, pixels from left to right, bytes R G B.</summary>
public sealed class RgbImage
{
    /// <summary>Number of bytes per pixel.</summary>
    public const int Channels = 3;

    /// <summary>Maximum side, in pixels, of images in data sets and sample files.</summary>
    public const int LargestSide = 8192;

    /// <summary>Creates a black image.</summary>
    /// <param name="width">Columns, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    public RgbImage(int width, int height)
        : this(width, height, new byte[ByteCount(width, height)])
    {
    }

    /// <summary>Creates an image over <paramref name="pixels"/>, which is not copied.</summary>
    /// <param name="width">Columns, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="pixels">height × width × 3 bytes.</param>
    /// <exception cref="ArgumentException">The array has the wrong length.</exception>
    public RgbImage(int width, int height, byte[] pixels)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        if (pixels.Length != ByteCount(width, height))
            throw new ArgumentException($"{width}x{height} RGB takes {ByteCount(width, height)} bytes, not {pixels.Length}",
                nameof(pixels));
        (Width, Height, Pixels) = (width, height, pixels);
    }

    /// <summary>Columns.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>The bytes, height × width × 3; writing to them changes the image.</summary>
    public byte[] Pixels { get; }

    /// <summary>The bytes of one row.</summary>
    /// <param name="y">Row, from the top.</param>
    public Span<byte> Row(int y) => Pixels.AsSpan(y * Width * Channels, Width * Channels);

    /// <summary>Copies the rectangle that starts at (<paramref name="left"/>, <paramref name="top"/>).</summary>
    /// <param name="left">First column.</param>
    /// <param name="top">First row.</param>
    /// <param name="width">Columns of the copy.</param>
    /// <param name="height">Rows of the copy.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rectangle extends beyond the image.</exception>
    public RgbImage Crop(int left, int top, int width, int height)
    {
        RequireInside(left, top, width, height);
        var crop = new RgbImage(width, height);
        for (int y = 0; y < height; y++)
            Row(top + y).Slice(left * Channels, width * Channels).CopyTo(crop.Row(y));
        return crop;
    }

    /// <summary>
    /// Copies the central part of the image. If the difference in size is odd, integer division places the crop half a pixel before the
    /// centre.
    /// </summary>
    /// <param name="width">Columns of the copy.</param>
    /// <param name="height">Rows of the copy.</param>
    public RgbImage CropCentre(int width, int height) =>
        Crop((Width - width) / 2, (Height - height) / 2, width, height);

    /// <summary>Copies the image, mirrored horizontally.</summary>
    public RgbImage FlipHorizontally()
    {
        var flipped = new RgbImage(Width, Height);
        for (int y = 0; y < Height; y++)
            CopyReversed(Row(y), flipped.Row(y));
        return flipped;
    }

    /// <summary>Copies the image, enlarging every pixel to a square of <paramref name="factor"/> × <paramref name="factor"/>.</summary>
    /// <param name="factor">Enlargement factor, at least 1.</param>
    public RgbImage Enlarge(int factor)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(factor, 1);
        var large = new RgbImage(checked(Width * factor), checked(Height * factor));
        for (int y = 0; y < Height; y++)
        {
            Span<byte> source = Row(y), first = large.Row(y * factor);
            for (int x = 0; x < large.Width; x++)
                source.Slice(x / factor * Channels, Channels).CopyTo(first[(x * Channels)..]);
            for (int repeat = 1; repeat < factor; repeat++)
                first.CopyTo(large.Row((y * factor) + repeat));
        }

        return large;
    }

    /// <summary>Writes the image to a file atomically. The file name extension determines the format.</summary>
    /// <param name="path">A name ending in .png, .jpg, .jpeg, .webp or .gif.</param>
    /// <exception cref="ArgumentException">The name ends in none of these.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(string path) => ImageFile.Write(path, this);

    /// <summary>Copies <paramref name="image"/> into this one.</summary>
    /// <param name="image">The image to copy.</param>
    /// <param name="left">Column of its left edge.</param>
    /// <param name="top">Row of its upper edge.</param>
    /// <exception cref="ArgumentOutOfRangeException">The image does not fit at this position.</exception>
    public void Paste(RgbImage image, int left, int top)
    {
        ArgumentNullException.ThrowIfNull(image);
        RequireInside(left, top, image.Width, image.Height);
        for (int y = 0; y < image.Height; y++)
            image.Row(y).CopyTo(Row(top + y)[(left * Channels)..]);
    }

    /// <summary>Copies a row of pixels in reverse order.</summary>
    internal static void CopyReversed(ReadOnlySpan<byte> row, Span<byte> reversed)
    {
        for (int from = 0, to = row.Length - Channels; to >= 0; from += Channels, to -= Channels)
            row.Slice(from, Channels).CopyTo(reversed[to..]);
    }

    private static int ByteCount(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        return checked(width * height * Channels);
    }

    private void RequireInside(int left, int top, int width, int height)
    {
        if (left < 0 || top < 0 || width < 1 || height < 1 || left > Width - width || top > Height - height)
        {
            throw new ArgumentOutOfRangeException(
                nameof(left), $"{width}x{height} at ({left}, {top}) is not inside {Width}x{Height}");
        }
    }
}
