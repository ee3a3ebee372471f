namespace Nvg.Training.Scaling;

/// <summary>y = offset + factor · x^−exponent, the form in which losses fall with parameters and compute.</summary>
/// <param name="Offset">What remains for ever, not negative.</param>
/// <param name="Factor">Height at x = 1 above the offset, not negative.</param>
/// <param name="Exponent">How fast it falls, positive.</param>
public readonly record struct PowerLaw(double Offset, double Factor, double Exponent)
{
    /// <summary>The fewest points that a fit takes: one for each number.</summary>
    public const int FewestPoints = 3;

    private const double SmallestExponent = 1e-3, LargestExponent = 4;
    // How near to a bound the search counts as stopped by it.
    private const double BoundShare = 1e-6;
    private const int GridSteps = 200, Refinements = 60;

    /// <summary>The value at a place.</summary>
    public double At(double x) => Offset + Factor * Math.Pow(x, -Exponent);

    /// <summary>
    /// The law with the least squared error. For a fixed exponent offset and factor are a linear problem; the exponent is
    /// searched on a grid and then by golden section.
    /// </summary>
    /// <param name="points">At least <see cref="FewestPoints"/> different positive x.</param>
    /// <returns>Null where there are too few places, or y does not fall with x.</returns>
    public static PowerLawFit? Fit(IReadOnlyList<(double X, double Y)> points)
    {
        if (points.Any(p => !(p.X > 0) || !double.IsFinite(p.X) || !double.IsFinite(p.Y)))
            throw new ArgumentException("a power law is fitted to finite points of positive x", nameof(points));
        int places = points.Select(p => p.X).Distinct().Count();
        if (places < FewestPoints)
            return null;
        // In units of the geometric mean: powers of large x would otherwise lose the offset in rounding.
        double unit = Math.Exp(points.Average(p => Math.Log(p.X)));
        (double X, double Y)[] scaled = [.. points.Select(p => (p.X / unit, p.Y))];
        double Logarithm(double step) => Math.Log(SmallestExponent) + (Math.Log(LargestExponent) - Math.Log(SmallestExponent)) * step / GridSteps;
        int best = Enumerable.Range(0, GridSteps + 1).MinBy(step => Solve(scaled, Math.Exp(Logarithm(step))).Error);
        double exponent = Math.Exp(GoldenSection(l => Solve(scaled, Math.Exp(l)).Error, Logarithm(Math.Max(0, best - 1)), Logarithm(Math.Min(GridSteps, best + 1))));
        (double offset, double factor, double error) = Solve(scaled, exponent);
        return factor > 0
            ? new PowerLawFit(new PowerLaw(offset, factor * Math.Pow(unit, exponent), exponent), points.Count, places, Math.Sqrt(error / points.Count), offset == 0, IsAtBound(exponent))
            : null;
    }

    private static bool IsAtBound(double exponent) => exponent < SmallestExponent * (1 + BoundShare) || exponent > LargestExponent * (1 - BoundShare);

    // Least squares of y over x^−exponent, with neither offset nor factor below zero.
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
