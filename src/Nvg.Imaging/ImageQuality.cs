namespace Nvg.Imaging;

/// <summary>Measures the similarity of an image and its original, on values divided by 255.</summary>
public static class ImageQuality
{
    private const int Window = 7;
    private const double Peak = 255;

    // (K1 · range)² and (K2 · range)² from the SSIM paper, for byte values.
    private const double LuminanceConstant = 0.01 * Peak * 0.01 * Peak, ContrastConstant = 0.03 * Peak * 0.03 * Peak;

    /// <summary>Peak signal-to-noise ratio in decibels; infinite for equal images.</summary>
    /// <param name="image">The image.</param>
    /// <param name="original">The original, of the same size.</param>
    /// <exception cref="ArgumentException">Sizes differ.</exception>
    public static double Psnr(RgbImage image, RgbImage original)
    {
        RequireSameSize(image, original);
        long sum = 0;
        for (int i = 0; i < image.Pixels.Length; i++)
        {
            int difference = image.Pixels[i] - original.Pixels[i];
            sum += difference * difference;
        }

        return 10 * Math.Log10(Peak * Peak * image.Pixels.Length / sum);
    }

    /// <summary>Mean absolute difference of values divided by 255 (L1).</summary>
    /// <param name="image">The image.</param>
    /// <param name="original">The original, of the same size.</param>
    /// <exception cref="ArgumentException">Sizes differ.</exception>
    public static double MeanAbsoluteError(RgbImage image, RgbImage original)
    {
        RequireSameSize(image, original);
        long sum = 0;
        for (int i = 0; i < image.Pixels.Length; i++)
            sum += Math.Abs(image.Pixels[i] - original.Pixels[i]);
        return sum / (Peak * image.Pixels.Length);
    }

    /// <summary>
    /// Structural similarity: 7 × 7 windows inside the image with equal weights, sample covariance, K1 = 0.01, K2 = 0.03, averaged over
    /// windows and channels (scikit-image's default).
    /// </summary>
    /// <param name="image">The image, at least 7 × 7.</param>
    /// <param name="original">The original, of the same size.</param>
    /// <exception cref="ArgumentException">Sizes differ, or the images are smaller than a window.</exception>
    public static double Ssim(RgbImage image, RgbImage original)
    {
        RequireSameSize(image, original);
        if (image.Width < Window || image.Height < Window)
            throw new ArgumentException(
                $"structural similarity needs {Window}x{Window} pixels, the images have {image.Width}x{image.Height}");
        double sum = 0;
        var columns = new Moments[image.Width * RgbImage.Channels];
        for (int y = 0; y < image.Height; y++)
        {
            Accumulate(columns, image, original, y, 1);
            if (y >= Window)
                Accumulate(columns, image, original, y - Window, -1);
            if (y >= Window - 1)
                sum += SumOfRow(columns);
        }

        return sum / ((long)(image.Width - Window + 1) * (image.Height - Window + 1) * RgbImage.Channels);
    }

    // Sums over the last rows of each column and channel. They are integers, so adding and subtracting is exact.
    private static void Accumulate(Moments[] columns, RgbImage image, RgbImage original, int y, int sign)
    {
        ReadOnlySpan<byte> a = image.Row(y), b = original.Row(y);
        for (int i = 0; i < columns.Length; i++)
            columns[i].Add(a[i], b[i], sign);
    }

    private static double SumOfRow(Moments[] columns)
    {
        double sum = 0;
        for (int channel = 0; channel < RgbImage.Channels; channel++)
        {
            var window = default(Moments);
            for (int i = channel; i < columns.Length; i += RgbImage.Channels)
            {
                window.Add(columns[i], 1);
                int leaving = i - Window * RgbImage.Channels;
                if (leaving >= 0)
                    window.Add(columns[leaving], -1);
                if (i >= (Window - 1) * RgbImage.Channels)
                    sum += window.Similarity();
            }
        }

        return sum;
    }

    private static void RequireSameSize(RgbImage image, RgbImage original)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(original);
        if (image.Width != original.Width || image.Height != original.Height)
            throw new ArgumentException($"{image.Width}x{image.Height} cannot be compared with {original.Width}x{original.Height}");
    }

    private struct Moments
    {
        private int _a;
        private int _b;
        private int _aa;
        private int _bb;
        private int _ab;

        public void Add(int a, int b, int sign)
        {
            _a += sign * a;
            _b += sign * b;
            _aa += sign * a * a;
            _bb += sign * b * b;
            _ab += sign * a * b;
        }

        public void Add(in Moments other, int sign)
        {
            _a += sign * other._a;
            _b += sign * other._b;
            _aa += sign * other._aa;
            _bb += sign * other._bb;
            _ab += sign * other._ab;
        }

        public readonly double Similarity()
        {
            const double count = Window * Window;
            double a = _a / count, b = _b / count;
            double varianceA = (_aa - count * a * a) / (count - 1), varianceB = (_bb - count * b * b) / (count - 1);
            double covariance = (_ab - count * a * b) / (count - 1);
            return (2 * a * b + LuminanceConstant) * (2 * covariance + ContrastConstant)
                / ((a * a + b * b + LuminanceConstant) * (varianceA + varianceB + ContrastConstant));
        }
    }
}
