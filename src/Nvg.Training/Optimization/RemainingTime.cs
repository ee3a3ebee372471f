using System.Globalization;

namespace Nvg.Training.Optimization;

/// <summary>How long a run still takes.</summary>
internal static class RemainingTime
{
    /// <summary>The time for steps that are left; zero without a rate, and never more than a <see cref="TimeSpan"/> holds.</summary>
    internal static TimeSpan Of(long steps, int batchSize, double imagesPerSecond)
    {
        double seconds = imagesPerSecond > 0 ? (double)steps * batchSize / imagesPerSecond : 0;
        return seconds < TimeSpan.MaxValue.TotalSeconds ? TimeSpan.FromSeconds(seconds) : TimeSpan.MaxValue;
    }

    /// <summary><c>00:46:58</c>, and with whole days <c>4d 00:46:58</c>.</summary>
    internal static string Text(TimeSpan time)
    {
        string rest = time.ToString(@"hh\:mm\:ss", CultureInfo.InvariantCulture);
        return time.Days > 0 ? $"{time.Days}d {rest}" : rest;
    }
}
