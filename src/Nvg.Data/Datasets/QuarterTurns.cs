using Nvg.Imaging;

namespace Nvg.Data.Datasets;

/// <summary>Rotates square images by quarter turns. Combined with mirroring, this gives the eight orientations of a square.</summary>
internal static class QuarterTurns
{
    /// <summary>Number of different rotations.</summary>
    internal const int Count = 4;

    /// <summary>Number of orientations of a square, mirrored ones included.</summary>
    internal const int Orientations = 2 * Count;

    /// <summary>Rotates a square image counter-clockwise, in place.</summary>
    /// <param name="square">side × side × 3 bytes.</param>
    /// <param name="side">Side in pixels.</param>
    /// <param name="turns">Number of quarter turns, 0 to 3.</param>
    internal static void Apply(Span<byte> square, int side, int turns)
    {
        if (turns == 0)
            return;
        byte[] original = square.ToArray();
        for (int row = 0; row < side; row++)
        {
            for (int column = 0; column < side; column++)
            {
                (int y, int x) = Source(row, column, side, turns);
                original.AsSpan((y * side + x) * RgbImage.Channels, RgbImage.Channels)
                    .CopyTo(square[((row * side + column) * RgbImage.Channels)..]);
            }
        }
    }

    // Source position of a pixel in the rotated image.
    private static (int Row, int Column) Source(int row, int column, int side, int turns) => turns switch
    {
        1 => (column, side - 1 - row),
        2 => (side - 1 - row, side - 1 - column),
        _ => (side - 1 - column, row),
    };
}
