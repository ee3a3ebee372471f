namespace Nvg.Granularity.Construction;

/// <summary>Which pixels of an image of any size lie under each latent position, in whole numbers: equal areas stay exactly equal.</summary>
internal static class AreaSampling
{
    /// <summary>Visits every pixel with every position that it overlaps.</summary>
    /// <param name="width">Columns of pixels, stretched over the whole grid.</param>
    /// <param name="height">Rows of pixels.</param>
    /// <param name="grid">The latent positions.</param>
    /// <param name="visit">Takes column, row, position, and the overlap; those of a position add up to width × height.</param>
    internal static void Visit(int width, int height, LatentGrid grid, Action<int, int, int, long> visit)
    {
        for (int y = 0; y < height; y++)
        {
            (int top, int bottom) = Cells(y, grid.Height, height);
            for (int x = 0; x < width; x++)
            {
                (int left, int right) = Cells(x, grid.Width, width);
                for (int row = top; row <= bottom; row++)
                {
                    long overlap = Overlap(y, row, grid.Height, height);
                    for (int column = left; column <= right; column++)
                        visit(x, y, row * grid.Width + column, overlap * Overlap(x, column, grid.Width, width));
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
