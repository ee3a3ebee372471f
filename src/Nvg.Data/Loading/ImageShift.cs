using Nvg.Imaging;

namespace Nvg.Data.Loading;

/// <summary>Shifts square images; pixels outside the image are mirrored at the edge pixel.</summary>
public static class ImageShift
{
    /// <summary>Computes result[y, x] = source[y + dy, x + dx]; coordinates outside the image are mirrored (…2 1 0 1 2…).</summary>
    /// <param name="source">side × side × 3 bytes.</param>
    /// <param name="side">Side of the image, in pixels.</param>
    /// <param name="dx">Shift in columns, smaller than the side in magnitude.</param>
    /// <param name="dy">Shift in rows, smaller than the side in magnitude.</param>
    /// <param name="destination">side × side × 3 bytes that do not overlap the source.</param>
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
