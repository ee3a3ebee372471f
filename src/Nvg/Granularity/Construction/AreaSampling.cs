namespace Nvg.Granularity.Construction;

/// <summary>Relates pixels of an image of any size to the latent positions they overlap, in exact integer areas.</summary>
internal static class AreaSampling
{
    /// <summary>Visits every pixel together with every position that it overlaps.</summary>
    /// <param name="width">Columns of pixels; the image is stretched over the whole grid.</param>
    /// <param name="height">Rows of pixels.</param>
    /// <param name="grid">The latent positions.</param>
    /// <param name="visit">Receives column, row, position and overlap; the overlaps of a position add up to width × height.</param>
    internal static void Visit(int width, int height, LatentGrid grid, Action<int, int, int, long> visit) =>
        Visit(width, height, grid.Height, grid.Width, visit);

    /// <summary>The same for a grid of any number of rows and columns.</summary>
    internal static void Visit(int width, int height, int rows, int columns, Action<int, int, int, long> visit)
    {
        for (int y = 0; y < height; y++)
        {
            (int top, int bottom) = Cells(y, rows, height);
            for (int x = 0; x < width; x++)
            {
                (int left, int right) = Cells(x, columns, width);
                for (int row = top; row <= bottom; row++)
                {
                    long overlap = Overlap(y, row, rows, height);
                    for (int column = left; column <= right; column++)
                        visit(x, y, row * columns + column, overlap * Overlap(x, column, columns, width));
                }
            }
        }
    }

    // Pixel p covers [p · cells, (p + 1) · cells) and cell c covers [c · pixels, (c + 1) · pixels).
    private static (int First, int Last) Cells(int pixel, int cells, int pixels) =>
        ((int)((long)pixel * cells / pixels), (int)((((long)pixel + 1) * cells - 1) / pixels));

    private static long Overlap(int pixel, int cell, int cells, int pixels) =>
        Math.Min(((long)pixel + 1) * cells, ((long)cell + 1) * pixels) - Math.Max((long)pixel * cells, (long)cell * pixels);
}
