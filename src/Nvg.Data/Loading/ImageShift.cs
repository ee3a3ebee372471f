using Nvg.Imaging;

namespace Nvg.Data.Loading;

/// <summary>Shifts squares of bytes; what comes in from outside is the image mirrored at its edge pixel.</summary>
public static class ImageShift
{
    /// <summary>result[y, x] = source[y + dy, x + dx], coordinates outside mirrored (…2 1 0 1 2…).</summary>
    /// <param name="source">side × side × 3 bytes.</param>
    /// <param name="side">Of the square.</param>
    /// <param name="dx">Columns, smaller than the side in magnitude.</param>
    /// <param name="dy">Rows, likewise.</param>
    /// <param name="destination">side × side × 3 bytes, elsewhere than the source.</param>
    public static void Copy(ReadOnlySpan<byte> source, int side, int dx, int dy, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(Math.Abs(dx), side);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(Math.Abs(dy), side);
        for (int y = 0; y < side; y++)
        {
            ReadOnlySpan<byte> row = source.Slice(Mirror(y + dy, side) * side * RgbImage.Channels, side * RgbImage.Channels);
            Span<byte> target = destination.Slice(y * side * RgbImage.Channels, side * RgbImage.Channels);
            for (int x = 0; x < side; x++)
                row.Slice(Mirror(x + dx, side) * RgbImage.Channels, RgbImage.Channels).CopyTo(target[(x * RgbImage.Channels)..]);
        }
    }

    private static int Mirror(int position, int side) =>
        position < 0 ? -position : position >= side ? 2 * (side - 1) - position : position;
}
