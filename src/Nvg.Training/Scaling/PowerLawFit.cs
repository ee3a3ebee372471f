using System.Globalization;

namespace Nvg.Training.Scaling;

/// <summary>A fitted power law with the facts needed to judge the fit.</summary>
/// <param name="Law">The power law.</param>
/// <param name="Points">Number of fitted points.</param>
/// <param name="Places">Number of different x values.</param>
/// <param name="Residual">Root mean squared deviation of the points from the law, in units of y.</param>
/// <param name="OffsetAtZero">Whether the offset was constrained to zero.</param>
/// <param name="ExponentAtBound">Whether the exponent is at the bound of its search range, so that the best fit may be outside.</param>
public sealed record PowerLawFit(PowerLaw Law, int Points, int Places, double Residual, bool OffsetAtZero, bool ExponentAtBound)
{
    /// <summary>
    /// Whether three parameters were fitted to three different x values. Such a law passes through all points, so the fit is not tested.
    /// </summary>
    public bool IsInterpolation => Places == PowerLaw.FewestPoints && !OffsetAtZero && !ExponentAtBound;

    /// <summary>The power law as a formula.</summary>
    public string Formula => string.Create(CultureInfo.InvariantCulture, $"{Law.Offset:F4} + {Law.Factor:G4} · x^-{Law.Exponent:F4}");

    /// <summary>The formula with the number of points, the residual and the constraints.</summary>
    public override string ToString()
    {
        var words = new List<string> { string.Create(CultureInfo.InvariantCulture, $"{Points} points, residual {Residual:G2}") };
        if (IsInterpolation)
            words.Add("an interpolation of three points, so the fit is untested");
        if (OffsetAtZero)
            words.Add("offset constrained to zero");
        if (ExponentAtBound)
            words.Add("exponent at the bound of its search range");
        return $"{Formula} ({string.Join("; ", words)})";
    }
}
