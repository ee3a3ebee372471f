namespace Nvg.Imaging;

/// <summary>
/// Visualises structure maps. A map assigns a cluster number to every cell of the latent grid; a cell is drawn as the block of pixels that
/// it covers in the image.
/// </summary>
public static class StructureMapPainting
{
    /// <summary>Draws every cluster in the mean colour of the image area that it covers.</summary>
    /// <param name="labels">Cluster of each cell, rows × columns, row by row; numbers from 0, which may leave gaps.</param>
    /// <param name="rows">Rows of the latent grid.</param>
    /// <param name="columns">Columns of the latent grid.</param>
    /// <param name="image">The image that the map belongs to; the drawing has the same size.</param>
    /// <exception cref="ArgumentException">The labels do not fill the grid, or one is negative.</exception>
    public static RgbImage WithMeanColours(ReadOnlySpan<int> labels, int rows, int columns, RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        int clusters = RequireGrid(labels, rows, columns);
        long[] sums = new long[clusters * RgbImage.Channels], counts = new long[clusters];
        for (int y = 0; y < image.Height; y++)
        {
            ReadOnlySpan<byte> pixels = image.Row(y);
            for (int x = 0; x < image.Width; x++)
            {
                int cluster = labels[Cell(x, y, rows, columns, image)];
                counts[cluster]++;
                for (int channel = 0; channel < RgbImage.Channels; channel++)
                    sums[(cluster * RgbImage.Channels) + channel] += pixels[(x * RgbImage.Channels) + channel];
            }
        }

        byte[] colours = new byte[sums.Length];
        for (int i = 0; i < sums.Length; i++)
        {
            long count = Math.Max(1, counts[i / RgbImage.Channels]);
            colours[i] = (byte)((sums[i] + (count / 2)) / count);
        }

        return Paint(labels, rows, columns, new RgbImage(image.Width, image.Height), colours);
    }

    /// <summary>
    /// Draws every cluster in its own colour. The colour depends only on the number, so a cluster looks the same in every drawing. 0 is
    /// black and 1 is white, so the first split appears as a black-and-white drawing.
    /// </summary>
    /// <param name="labels">Cluster of each cell, rows × columns, row by row; numbers from 0.</param>
    /// <param name="rows">Rows of the latent grid.</param>
    /// <param name="columns">Columns of the latent grid.</param>
    /// <param name="width">Width of the drawing in pixels.</param>
    /// <param name="height">Height of the drawing in pixels.</param>
    /// <exception cref="ArgumentException">The labels do not fill the grid, or one is negative.</exception>
    public static RgbImage WithPalette(ReadOnlySpan<int> labels, int rows, int columns, int width, int height)
    {
        int clusters = RequireGrid(labels, rows, columns);
        byte[] colours = new byte[clusters * RgbImage.Channels];
        for (int i = 0; i < clusters; i++)
            PaletteColour(i).CopyTo(colours.AsSpan(i * RgbImage.Channels));
        return Paint(labels, rows, columns, new RgbImage(width, height), colours);
    }

    private static RgbImage Paint(ReadOnlySpan<int> labels, int rows, int columns, RgbImage canvas, byte[] colours)
    {
        for (int y = 0; y < canvas.Height; y++)
        {
            Span<byte> pixels = canvas.Row(y);
            for (int x = 0; x < canvas.Width; x++)
            {
                int cluster = labels[Cell(x, y, rows, columns, canvas)];
                colours.AsSpan(cluster * RgbImage.Channels, RgbImage.Channels).CopyTo(pixels[(x * RgbImage.Channels)..]);
            }
        }

        return canvas;
    }

    /// <summary>The cell of a pixel by nearest neighbour, even if the sizes are not divisible.</summary>
    private static int Cell(int x, int y, int rows, int columns, RgbImage canvas) =>
        ((int)((long)y * rows / canvas.Height) * columns) + (int)((long)x * columns / canvas.Width);

    /// <summary>
    /// Hues advance by the golden angle and therefore never return close to an earlier hue soon; three tones distinguish similar hues.
    /// </summary>
    private static byte[] PaletteColour(int cluster)
    {
        if (cluster < 2)
            return cluster == 0 ? [0, 0, 0] : [255, 255, 255];
        double hue = cluster * 0.6180339887498949 % 1 * 6;
        (double value, double saturation) = (cluster % 3) switch { 0 => (1.0, 0.55), 1 => (0.7, 0.85), _ => (0.95, 0.9) };
        return [Channel(5), Channel(3), Channel(1)];

        // The standard conversion from hue, saturation and value.
        byte Channel(int offset)
        {
            double k = (offset + hue) % 6;
            return (byte)Math.Round(255 * value * (1 - (saturation * Math.Clamp(Math.Min(k, 4 - k), 0, 1))));
        }
    }

    /// <summary>Checks the grid and returns its largest label plus one.</summary>
    private static int RequireGrid(ReadOnlySpan<int> labels, int rows, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        if (labels.Length != (long)rows * columns)
            throw new ArgumentException($"{labels.Length} labels do not fill a grid of {rows}x{columns}", nameof(labels));
        int largest = 0;
        foreach (int label in labels)
        {
            // The finest possible map has one cluster per cell.
            if (label < 0 || label >= labels.Length)
                throw new ArgumentException($"label {label} is not a cluster of {labels.Length} cells", nameof(labels));
            largest = Math.Max(largest, label);
        }

        return largest + 1;
    }
}
