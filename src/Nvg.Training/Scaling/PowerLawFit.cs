using System.Globalization;

namespace Nvg.Training.Scaling;

/// <summary>A power law with what tells how much to believe it.</summary>
/// <param name="Law">The law.</param>
/// <param name="Points">How many points it was fitted to.</param>
/// <param name="Places">How many different x they have.</param>
/// <param name="Residual">Root of the mean squared difference of the points from the law, in units of y.</param>
/// <param name="OffsetAtZero">Whether the offset would be negative and is held at zero.</param>
/// <param name="ExponentAtBound">Whether the exponent lies where its search ends, so that the least error may lie beyond.</param>
public sealed record PowerLawFit(PowerLaw Law, int Points, int Places, double Residual, bool OffsetAtZero, bool ExponentAtBound)
{
    /// <summary>Whether three numbers were found of three places: the law goes through them whatever they are, and nothing tests it.</summary>
    public bool IsInterpolation => Places == PowerLaw.FewestPoints && !OffsetAtZero && !ExponentAtBound;

    /// <summary>The law as a formula.</summary>
    public string Formula => string.Create(CultureInfo.InvariantCulture, $"{Law.Offset:F4} + {Law.Factor:G4} · x^-{Law.Exponent:F4}");

    /// <summary>The formula with points, residual and what restricts it.</summary>
    public override string ToString()
    {
        var words = new List<string> { string.Create(CultureInfo.InvariantCulture, $"{Points} points, residual {Residual:G2}") };
        if (IsInterpolation)
            words.Add("an interpolation: three numbers through three places, which nothing tests");
        if (OffsetAtZero)
            words.Add("offset held at zero");
        if (ExponentAtBound)
            words.Add("exponent at the bound of its search");
        return $"{Formula} ({string.Join("; ", words)})";
    }
}
