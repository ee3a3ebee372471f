using Nvg.Imaging;

namespace Nvg.Evaluation.Steering;

/// <summary>An image divided into a dark and a bright region by Otsu's threshold of its luminance.</summary>
/// <param name="IsDark">Whether a pixel is in the dark region, row by row.</param>
/// <param name="Separation">Variance between the regions as a share of the total variance, in [0, 1]; 1 for an image of two tones.</param>
public sealed record TwoRegions(IReadOnlyList<bool> IsDark, double Separation)
{
    private const int Levels = 256;

    /// <summary>Share of the pixels that are dark.</summary>
    public double DarkShare => IsDark.Count(dark => dark) / (double)IsDark.Count;

    /// <summary>Divides an image. An image of one tone is bright everywhere.</summary>
    public static TwoRegions Of(RgbImage image)
    {
        byte[] luminance = Luminance(image);
        int[] counts = new int[Levels];
        foreach (byte level in luminance)
            counts[level]++;
        (int threshold, double separation) = Threshold(counts, luminance.Length);
        return new TwoRegions(Array.ConvertAll(luminance, level => level < threshold), separation);
    }

    /// <summary>The dark region in black on white, as a drawing.</summary>
    public RgbImage Draw(int width, int height)
    {
        var drawing = new RgbImage(width, height);
        for (int i = 0; i < IsDark.Count; i++)
            drawing.Pixels.AsSpan(i * RgbImage.Channels, RgbImage.Channels).Fill(IsDark[i] ? byte.MinValue : byte.MaxValue);
        return drawing;
    }

    /// <summary>Intersection over union of the dark regions of two images of the same size; 1 if neither image has one.</summary>
    public double DarkOverlap(TwoRegions other)
    {
        int both = 0, any = 0;
        foreach ((bool here, bool there) in IsDark.Zip(other.IsDark))
        {
            both += here && there ? 1 : 0;
            any += here || there ? 1 : 0;
        }

        return any == 0 ? 1 : both / (double)any;
    }

    // ITU-R BT.601.
    private static byte[] Luminance(RgbImage image)
    {
        byte[] luminance = new byte[image.Width * image.Height];
        for (int i = 0; i < luminance.Length; i++)
        {
            ReadOnlySpan<byte> pixel = image.Pixels.AsSpan(i * RgbImage.Channels, RgbImage.Channels);
            luminance[i] = (byte)Math.Round(0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2]);
        }

        return luminance;
    }

    // The first level of the bright region, chosen to maximise the variance between the regions.
    private static (int Threshold, double Separation) Threshold(int[] counts, int total)
    {
        double sum = 0, squares = 0;
        for (int level = 0; level < Levels; level++)
        {
            sum += (double)level * counts[level];
            squares += (double)level * level * counts[level];
        }

        double variance = squares / total - sum / total * (sum / total), best = 0, darkSum = 0;
        int threshold = 0, dark = 0;
        for (int level = 0; level < Levels; level++)
        {
            if (dark > 0 && dark < total)
            {
                double difference = darkSum / dark - (sum - darkSum) / (total - dark);
                double between = difference * difference * dark / total * (total - dark) / total;
                if (between > best)
                    (best, threshold) = (between, level);
            }

            dark += counts[level];
            darkSum += (double)level * counts[level];
        }

        return (threshold, variance > 0 ? best / variance : 0);
    }
}
