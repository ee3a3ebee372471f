using Nvg.Imaging;

namespace Nvg.Granularity.Construction;

/// <summary>
/// Relates pixels of an image of any size to the latent positions they overlap, in exact integer areas. Framing is the same as for all
/// model images: if the aspect ratio differs from the grid's, the largest central part is used.
/// </summary>
internal static class AreaSampling
{
    /// <summary>Visits every pixel of the central part together with every position that it overlaps.</summary>
    /// <param name="width">Columns of pixels.</param>
    /// <param name="height">Rows of pixels.</param>
    /// <param name="grid">The latent positions.</param>
    /// <param name="visit">
    /// Receives column and row in the whole image, position and overlap; the overlaps of a position add up to the number of pixels in
    /// the central part.
    /// </param>
    internal static void Visit(int width, int height, LatentGrid grid, Action<int, int, int, long> visit) =>
        Visit(width, height, grid.Height, grid.Width, visit);

    /// <summary>Same as the other overload, for a grid with any number of rows and columns.</summary>
    internal static void Visit(int width, int height, int rows, int columns, Action<int, int, int, long> visit)
    {
        (int used, int usedRows) = Frame(width, height, rows, columns);
        int firstColumn = (width - used) / 2, firstRow = (height - usedRows) / 2;
        for (int y = 0; y < usedRows; y++)
        {
            (int top, int bottom) = Cells(y, rows, usedRows);
            for (int x = 0; x < used; x++)
            {
                (int left, int right) = Cells(x, columns, used);
                for (int row = top; row <= bottom; row++)
                {
                    long overlap = Overlap(y, row, rows, usedRows);
                    for (int column = left; column <= right; column++)
                    {
                        visit(firstColumn + x, firstRow + y, row * columns + column,
                            overlap * Overlap(x, column, columns, used));
                    }
                }
            }
        }
    }

    /// <summary>The sum of each channel over the area of each position, L × 3; divided by <see cref="Area"/>, its mean.</summary>
    /// <param name="image">An image of any size.</param>
    /// <param name="grid">The latent positions.</param>
    internal static long[] ChannelSums(RgbImage image, LatentGrid grid)
    {
        long[] sums_LC = new long[grid.Length * RgbImage.Channels];
        Visit(image.Width, image.Height, grid, (x, y, position, overlap) =>
        {
            ReadOnlySpan<byte> pixel = image.Row(y).Slice(x * RgbImage.Channels, RgbImage.Channels);
            for (int c = 0; c < RgbImage.Channels; c++)
                sums_LC[position * RgbImage.Channels + c] += overlap * pixel[c];
        });
        return sums_LC;
    }

    /// <summary>The sum of the overlaps of a position: the number of pixels in the central part.</summary>
    /// <param name="image">An image of any size.</param>
    /// <param name="grid">The latent positions.</param>
    internal static long Area(RgbImage image, LatentGrid grid)
    {
        (int width, int height) = Frame(image.Width, image.Height, grid.Height, grid.Width);
        return (long)width * height;
    }

    // The size of the largest part with the aspect ratio of the grid.
    private static (int Width, int Height) Frame(int width, int height, int rows, int columns) => (
        (int)Math.Clamp((long)height * columns / rows, 1, width), (int)Math.Clamp((long)width * rows / columns, 1, height));

    // Pixel p covers [p · cells, (p + 1) · cells) and cell c covers [c · pixels, (c + 1) · pixels).
    private static (int First, int Last) Cells(int pixel, int cells, int pixels) =>
        ((int)((long)pixel * cells / pixels), (int)((((long)pixel + 1) * cells - 1) / pixels));

    private static long Overlap(int pixel, int cell, int cells, int pixels) =>
        Math.Min(((long)pixel + 1) * cells, ((long)cell + 1) * pixels) - Math.Max((long)pixel * cells, (long)cell * pixels);
}
