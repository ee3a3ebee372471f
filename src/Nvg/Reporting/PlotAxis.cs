using System.Globalization;

namespace Nvg.Reporting;

/// <summary>One axis of a plot: maps values to fractions of its length and chooses ticks.</summary>
internal sealed class PlotAxis
{
    private const int WantedTicks = 6;
    private const double Margin = 0.04;

    private readonly bool _logarithmic;
    private readonly double _low;
    private readonly double _high;

    /// <param name="values">Values to show; those that the axis cannot show are ignored.</param>
    /// <param name="logarithmic">Whether the axis is logarithmic.</param>
    internal PlotAxis(IEnumerable<double> values, bool logarithmic)
    {
        _logarithmic = logarithmic;
        double[] shown = [.. values.Where(Shows).Select(Transform)];
        (_low, _high) = shown.Length == 0 ? (0, 1) : (shown.Min(), shown.Max());
        // A single value, or values that differ only by rounding, get a range around them.
        double least = logarithmic ? 0.1 : Math.Max(1e-9, 1e-6 * Math.Max(Math.Abs(_low), Math.Abs(_high)));
        if (_high - _low < least)
        {
            (_low, _high) = logarithmic || _low == 0
                ? (_low - 0.5, _high + 0.5)
                : (_low - 0.1 * Math.Abs(_low), _high + 0.1 * Math.Abs(_high));
        }

        double margin = Margin * (_high - _low);
        (_low, _high) = (_low - margin, _high + margin);
    }

    /// <summary>Whether the axis can show a value.</summary>
    internal bool Shows(double value) => double.IsFinite(value) && (!_logarithmic || value > 0);

    /// <summary>Position of a value: 0 at the start of the axis, 1 at its end.</summary>
    internal double At(double value) => (Transform(value) - _low) / (_high - _low);

    /// <summary>Values of the ticks, in ascending order, all within the axis.</summary>
    internal IReadOnlyList<double> Ticks() => _logarithmic ? LogarithmicTicks() : LinearTicks(_low, _high);

    /// <summary>Formats the number at a tick.</summary>
    internal static string Format(double value)
    {
        double size = Math.Abs(value);
        if (value == 0)
            return "0";
        return size is >= 1e5 or < 1e-3
            ? value.ToString("0.##e+0", CultureInfo.InvariantCulture).Replace("e+", "e", StringComparison.Ordinal)
            : value.ToString("0.#####", CultureInfo.InvariantCulture);
    }

    private double Transform(double value) => _logarithmic ? Math.Log10(value) : value;

    // Steps of 1, 2 or 5 times a power of ten.
    private static List<double> LinearTicks(double low, double high)
    {
        double rough = (high - low) / WantedTicks, power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        double step = power * (rough / power) switch { < 1.5 => 1, < 3.5 => 2, < 7.5 => 5, _ => 10 };
        var ticks = new List<double>();
        for (double number = Math.Ceiling(low / step); number * step <= high; number++)
            ticks.Add(number * step);
        return ticks;
    }

    // Powers of ten, thinned out over many decades. Over few decades, multiples by 2 and 5 are added. Within one decade, ticks are linear.
    private List<double> LogarithmicTicks()
    {
        double decades = _high - _low;
        if (decades < 0.7)
            return LinearTicks(Math.Pow(10, _low), Math.Pow(10, _high));
        int[] factors = decades < 3 ? [1, 2, 5] : [1];
        int stride = Math.Max(1, (int)Math.Ceiling(decades / 8));
        var ticks = new List<double>();
        for (int power = (int)Math.Floor(_low); power <= _high; power++)
        {
            if (power % stride != 0)
                continue;
            IEnumerable<double> decade = factors.Select(factor => factor * Math.Pow(10, power));
            ticks.AddRange(decade.Where(tick => Math.Log10(tick) >= _low && Math.Log10(tick) <= _high));
        }

        return ticks;
    }
}
