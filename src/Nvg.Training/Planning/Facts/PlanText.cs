using System.Globalization;

namespace Nvg.Training.Planning.Facts;

/// <summary>Formats the numbers of plans as text.</summary>
public static class PlanText
{
    /// <summary>A time such as <c>40 s</c>, <c>12 min</c> or <c>3 h 20 min</c>.</summary>
    /// <param name="seconds">The time.</param>
    public static string Time(double seconds)
    {
        long minutes = (long)Math.Round(seconds / 60);
        if (seconds < 90)
            return string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, seconds):F0} s");
        return minutes < 120 ? $"{minutes} min" : $"{minutes / 60} h {minutes % 60} min";
    }

    /// <summary>Hours in the format of <c>--hours</c>, with two digits and no exponent, such as <c>0.13</c> or <c>25</c>.</summary>
    /// <param name="hours">The hours; from ten on they are rounded up.</param>
    public static string Hours(double hours) => hours < 10
        ? hours.ToString("G2", CultureInfo.InvariantCulture)
        : Math.Ceiling(hours).ToString("F0", CultureInfo.InvariantCulture);

    /// <summary>A count with two significant digits, such as <c>14,000</c>.</summary>
    /// <param name="count">The count.</param>
    public static string Rounded(double count)
    {
        double unit = Math.Pow(10, Math.Max(0, Math.Floor(Math.Log10(Math.Max(1, count))) - 1));
        return (Math.Round(count / unit) * unit).ToString("N0", CultureInfo.InvariantCulture);
    }
}
