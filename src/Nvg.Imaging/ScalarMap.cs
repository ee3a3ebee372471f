namespace Nvg.Imaging;

/// <summary>
/// A map with one value per pixel, such as depth or brightness. It keeps the values of the file: 16-bit and floating-point values are not
/// narrowed, and no colour profile is applied.
/// </summary>
public sealed class ScalarMap
{
    /// <summary>Creates a map over <paramref name="values"/>, which is not copied.</summary>
    /// <param name="width">Columns, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="values">height × width values, rows from top to bottom.</param>
    /// <param name="fullScale">See <see cref="FullScale"/>.</param>
    /// <exception cref="ArgumentException">The array has the wrong length.</exception>
    public ScalarMap(int width, int height, float[] values, double fullScale = 1)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(fullScale);
        if (values.Length != (long)width * height)
            throw new ArgumentException($"{width}x{height} takes {(long)width * height} numbers, not {values.Length}", nameof(values));
        (Width, Height, Values, FullScale) = (width, height, values, fullScale);
    }

    /// <summary>Columns.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>The values, height × width.</summary>
    public float[] Values { get; }

    /// <summary>The value that represents white: 255, 65535, or 1 for floating-point files.</summary>
    public double FullScale { get; }
}
