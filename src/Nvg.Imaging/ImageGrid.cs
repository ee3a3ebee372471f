namespace Nvg.Imaging;

/// <summary>Arranges images of equal size in a grid.</summary>
public static class ImageGrid
{
    private const byte Background = 255;
    private const int ComfortableSide = 128;
    private const long ComfortablePixels = 1L << 25;

    /// <summary>Arranges images row by row on white, with equal spacing between and around them.</summary>
    /// <param name="images">At least one image, all of the same size.</param>
    /// <param name="columns">Images per row, or 0 for a grid about as wide as it is high.</param>
    /// <param name="padding">White pixels between and around images.</param>
    /// <param name="enlargement">Every pixel becomes a square with this side; the padding is not enlarged.</param>
    /// <exception cref="ArgumentException">There are no images, or their sizes differ.</exception>
    public static RgbImage Compose(IReadOnlyList<RgbImage> images, int columns = 0, int padding = 2, int enlargement = 1)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        ArgumentOutOfRangeException.ThrowIfNegative(padding);
        ArgumentOutOfRangeException.ThrowIfLessThan(enlargement, 1);
        RequireOneSize(images);
        columns = Columns(images.Count, columns);
        int across = (images[0].Width * enlargement) + padding, down = (images[0].Height * enlargement) + padding;
        (long width, long height) = Size(images.Count, images[0].Width, images[0].Height, columns, padding, enlargement);
        var grid = new RgbImage(checked((int)width), checked((int)height));
        grid.Pixels.AsSpan().Fill(Background);
        for (int i = 0; i < images.Count; i++)
        {
            RgbImage image = enlargement == 1 ? images[i] : images[i].Enlarge(enlargement);
            grid.Paste(image, padding + (i % columns * across), padding + (i / columns * down));
        }

        return grid;
    }

    /// <summary>The size of the grid that <see cref="Compose"/> creates.</summary>
    /// <param name="count">Number of images, at least one.</param>
    /// <param name="width">Width of each image in pixels.</param>
    /// <param name="height">Height of each image in pixels.</param>
    /// <param name="columns">Images per row, or 0 for a grid about as wide as it is high.</param>
    /// <param name="padding">White pixels between and around images.</param>
    /// <param name="enlargement">Every pixel becomes a square with this side.</param>
    public static (long Width, long Height) Size(int count, int width, int height, int columns = 0, int padding = 2, int enlargement = 1)
    {
        columns = Columns(count, columns);
        int rows = ((count - 1) / columns) + 1;
        return ((columns * (((long)width * enlargement) + padding)) + padding, (rows * (((long)height * enlargement) + padding)) + padding);
    }

    /// <summary>The enlargement at which a tiny image is easy to see: 4 for 32 × 32, 1 from 128 × 128 on.</summary>
    /// <param name="side">Pixels of the shorter side, at least 1.</param>
    public static int ComfortableEnlargement(int side)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(side, 1);
        return Math.Max(1, ComfortableSide / side);
    }

    /// <summary>The enlargement for many images: smaller if the grid would become too large.</summary>
    /// <param name="image">One of the images.</param>
    /// <param name="count">Number of images.</param>
    public static int ComfortableEnlargement(RgbImage image, int count)
    {
        ArgumentNullException.ThrowIfNull(image);
        return ComfortableEnlargement(image.Width, image.Height, count);
    }

    /// <summary>The enlargement for many images: smaller if the grid would become too large.</summary>
    /// <param name="width">Width of one image in pixels.</param>
    /// <param name="height">Height of one image in pixels.</param>
    /// <param name="count">Number of images.</param>
    public static int ComfortableEnlargement(int width, int height, int count)
    {
        long pixels = (long)width * height * Math.Max(1, count);
        int largest = (int)Math.Sqrt((double)ComfortablePixels / pixels);
        return Math.Clamp(ComfortableEnlargement(Math.Min(width, height)), 1, Math.Max(1, largest));
    }

    private static int Columns(int count, int columns) => columns > 0 ? columns : (int)Math.Ceiling(Math.Sqrt(count));

    private static void RequireOneSize(IReadOnlyList<RgbImage> images)
    {
        if (images.Count == 0)
            throw new ArgumentException("no images to arrange", nameof(images));
        RgbImage first = images[0];
        if (images.FirstOrDefault(p => p.Width != first.Width || p.Height != first.Height) is { } odd)
        {
            throw new ArgumentException(
                $"images of different sizes: {first.Width}x{first.Height} and {odd.Width}x{odd.Height}", nameof(images));
        }
    }
}
