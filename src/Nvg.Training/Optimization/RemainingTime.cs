using System.Globalization;

namespace Nvg.Training.Optimization;

/// <summary>Estimates the remaining time of a run.</summary>
internal static class RemainingTime
{
    /// <summary>The time for the remaining steps; zero without a rate, and at most what a <see cref="TimeSpan"/> can hold.</summary>
    internal static TimeSpan Of(long steps, int batchSize, double imagesPerSecond)
    {
        double seconds = imagesPerSecond > 0 ? (double)steps * batchSize / imagesPerSecond : 0;
        return seconds < TimeSpan.MaxValue.TotalSeconds ? TimeSpan.FromSeconds(seconds) : TimeSpan.MaxValue;
    }

    /// <summary>Formats a time as <c>00:46:58</c>, or <c>4d 00:46:58</c> if it has whole days.</summary>
    internal static string Text(TimeSpan time)
    {
        string rest = time.ToString(@"hh\:mm\:ss", CultureInfo.InvariantCulture);
        return time.Days > 0 ? $"{time.Days}d {rest}" : rest;
    }
}
