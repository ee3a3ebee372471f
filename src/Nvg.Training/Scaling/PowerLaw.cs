namespace Nvg.Training.Scaling;

/// <summary>The power law y = offset + factor · x^−exponent, the usual form of a loss over parameters or compute.</summary>
/// <param name="Offset">Limit for large x; not negative.</param>
/// <param name="Factor">Value above the offset at x = 1; not negative.</param>
/// <param name="Exponent">Rate of the decrease; positive.</param>
public readonly record struct PowerLaw(double Offset, double Factor, double Exponent)
{
    /// <summary>Smallest number of points for a fit: one per parameter.</summary>
    public const int FewestPoints = 3;

    private const double SmallestExponent = 1e-3, LargestExponent = 4;
    // Relative distance within which the search counts as stopped by a bound.
    private const double BoundShare = 1e-6;
    private const int GridSteps = 200, Refinements = 60;

    /// <summary>The value at x.</summary>
    public double At(double x) => Offset + Factor * Math.Pow(x, -Exponent);

    /// <summary>
    /// Fits by least squares. For a fixed exponent, offset and factor are a linear problem; the exponent is searched on a grid and
    /// then by golden section.
    /// </summary>
    /// <param name="points">Points with positive x, and at least <see cref="FewestPoints"/> different x values.</param>
    /// <returns>Null if there are too few different x values, or if y does not decrease with x.</returns>
    public static PowerLawFit? Fit(IReadOnlyList<(double X, double Y)> points)
    {
        if (points.Any(p => !(p.X > 0) || !double.IsFinite(p.X) || !double.IsFinite(p.Y)))
            throw new ArgumentException("a power law needs finite points with positive x", nameof(points));
        int places = points.Select(p => p.X).Distinct().Count();
        if (places < FewestPoints)
            return null;
        // In units of the geometric mean, since powers of large x would lose the offset to rounding.
        double unit = Math.Exp(points.Average(p => Math.Log(p.X)));
        (double X, double Y)[] scaled = [.. points.Select(p => (p.X / unit, p.Y))];
        int best = Enumerable.Range(0, GridSteps + 1).MinBy(step => Solve(scaled, Math.Exp(Logarithm(step))).Error);
        double low = Logarithm(Math.Max(0, best - 1)), high = Logarithm(Math.Min(GridSteps, best + 1));
        double exponent = Math.Exp(GoldenSection(l => Solve(scaled, Math.Exp(l)).Error, low, high));
        (double offset, double factor, double error) = Solve(scaled, exponent);
        if (factor <= 0)
            return null;
        var law = new PowerLaw(offset, factor * Math.Pow(unit, exponent), exponent);
        return new PowerLawFit(law, points.Count, places, Math.Sqrt(error / points.Count), offset == 0, IsAtBound(exponent));
    }

    private static double Logarithm(double step) =>
        Math.Log(SmallestExponent) + (Math.Log(LargestExponent) - Math.Log(SmallestExponent)) * step / GridSteps;

    private static bool IsAtBound(double exponent) =>
        exponent < SmallestExponent * (1 + BoundShare) || exponent > LargestExponent * (1 - BoundShare);

    // Least squares of y over x^−exponent, with non-negative offset and factor.
    private static (double Offset, double Factor, double Error) Solve((double X, double Y)[] points, double exponent)
    {
        double[] u = [.. points.Select(p => Math.Pow(p.X, -exponent))], y = [.. points.Select(p => p.Y)];
        double meanU = u.Average(), meanY = y.Average();
        double variance = u.Sum(v => (v - meanU) * (v - meanU)), covariance = u.Zip(y, (a, b) => (a - meanU) * (b - meanY)).Sum();
        double factor = variance > 0 ? Math.Max(0, covariance / variance) : 0, offset = meanY - factor * meanU;
        if (offset < 0)
            (offset, factor) = (0, Math.Max(0, u.Zip(y, (a, b) => a * b).Sum() / u.Sum(v => v * v)));
        return (offset, factor, u.Zip(y, (a, b) => Math.Pow(b - offset - factor * a, 2)).Sum());
    }

    private static double GoldenSection(Func<double, double> error, double low, double high)
    {
        double share = (Math.Sqrt(5) - 1) / 2;
        (double left, double right) = (high - share * (high - low), low + share * (high - low));
        (double atLeft, double atRight) = (error(left), error(right));
        for (int i = 0; i < Refinements; i++)
        {
            if (atLeft <= atRight)
            {
                (high, right, atRight) = (right, left, atLeft);
                left = high - share * (high - low);
                atLeft = error(left);
            }
            else
            {
                (low, left, atLeft) = (left, right, atRight);
                right = low + share * (high - low);
                atRight = error(right);
            }
        }

        return (low + high) / 2;
    }
}
