using Nvg.Training.Scaling;

namespace Nvg.Training.Tests.Scaling;

public class PowerLawTests
{
    [Theory]
    [InlineData(2.5, 400, 0.34)]
    [InlineData(1.69, 406.4, 0.076)]
    [InlineData(0, 30, 0.5)]
    [InlineData(4, 1e6, 1.2)]
    public void Fit_PointsOfALaw_FindsItAgain(double offset, double factor, double exponent)
    {
        var law = new PowerLaw(offset, factor, exponent);
        PowerLawFit found = PowerLaw.Fit([.. new[] { 1e5, 1e6, 3e6, 2e7, 1e8, 1e9 }.Select(x => (x, law.At(x)))])!;
        PowerLaw fit = found.Law;
        Assert.Equal((6, 6, false, false), (found.Points, found.Places, found.IsInterpolation, found.ExponentAtBound));
        Assert.Equal(0, found.Residual, 1e-6 * law.At(1e5));
        Assert.Equal(exponent, fit.Exponent, 1e-4 * exponent);
        Assert.Equal(offset, fit.Offset, 1e-3 * Math.Max(1, offset));
        Assert.Equal(1, fit.Factor / factor, 1e-2);
    }

    [Fact]
    public void Fit_NoisyPoints_FitsBetterThanTheTruth()
    {
        var law = new PowerLaw(3, 50, 0.3);
        var random = new Random(1);
        (double X, double Y)[] points = [.. Enumerable.Range(0, 40).Select(i => Math.Pow(10, 3 + i * 0.1)).Select(
            x => (x, law.At(x) * (1 + 0.01 * (random.NextDouble() - 0.5))))];
        PowerLawFit found = PowerLaw.Fit(points)!;
        PowerLaw fit = found.Law;
        double Error(PowerLaw l) => points.Sum(p => Math.Pow(p.Y - l.At(p.X), 2));
        Assert.True(Error(fit) <= Error(law));
        Assert.Equal(0.3, fit.Exponent, 0.05);
        Assert.Equal(Math.Sqrt(Error(fit) / 40), found.Residual, 1e-9);
    }

    [Fact]
    public void Fit_ThreePlaces_IsCalledAnInterpolation()
    {
        // Three points of no law whatever: they are met all the same.
        PowerLawFit fit = PowerLaw.Fit([(1, 9), (10, 4), (100, 3.5)])!;
        Assert.Equal(0, fit.Residual, 1e-6);
        Assert.True(fit.IsInterpolation);
        Assert.Contains("an interpolation", fit.ToString(), StringComparison.Ordinal);
        Assert.Contains("3 points, residual", fit.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_NegativeOffset_SaysThatItIsHeldAtZero()
    {
        // 10 x^-0.5 - 1 would need an offset of -1.
        PowerLawFit fit = PowerLaw.Fit([.. new[] { 1.0, 4, 16, 64 }.Select(x => (x, 10 / Math.Sqrt(x) - 1))])!;
        Assert.Equal((0, true), (fit.Law.Offset, fit.OffsetAtZero));
        Assert.True(fit.Residual > 0.01);
        Assert.Contains("offset constrained to zero", fit.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(7)]
    [InlineData(1e-4)]
    public void Fit_ExponentBeyondTheSearch_SaysSo(double exponent)
    {
        var law = new PowerLaw(1, 5, exponent);
        PowerLawFit fit = PowerLaw.Fit([.. new[] { 1, 1.5, 2, 3, 4 }.Select(x => (x, law.At(x)))])!;
        Assert.True(fit.ExponentAtBound);
        Assert.Contains("bound of its search", fit.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_TooFewPlacesOrRising_GivesNothing()
    {
        Assert.Null(PowerLaw.Fit([(1, 3), (2, 2)]));
        Assert.Null(PowerLaw.Fit([(1, 3), (2, 2), (2, 1.9), (1, 3.1)]));
        Assert.Null(PowerLaw.Fit([(1, 1), (2, 2), (3, 3)]));
        Assert.Throws<ArgumentException>(() => PowerLaw.Fit([(0, 1), (2, 2), (3, 3)]));
        Assert.Throws<ArgumentException>(() => PowerLaw.Fit([(1, double.NaN), (2, 2), (3, 3)]));
    }
}
