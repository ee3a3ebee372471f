using System.Globalization;
using System.Text.Json.Serialization;

namespace Nvg.Sampling.Schedules;

/// <summary>Euler steps of the structure flow: the same number in every stage, one number per stage, or automatic.</summary>
[JsonConverter(typeof(StructureStepsConverter))]
public sealed record StructureSteps
{
    /// <summary>Steps of the published settings.</summary>
    public const int Published = 25;

    /// <summary>
    /// Share of positions that may change sides when <see cref="Auto"/> stops. docs/performance.md compares other shares.
    /// </summary>
    public const double DefaultTolerance = 0.07;

    /// <summary>Maximum number of steps for <see cref="Auto"/>; a power of two.</summary>
    internal const int FinestAuto = 16;

    /// <summary>The word for <see cref="Auto"/> in options and files.</summary>
    public const string AutoName = "auto";

    // Automatic steps of an average-velocity generator if parts of a split are given.
    private const int StepsAroundGiven = 4;
    private const int MostSteps = 1000;

    private readonly int[] _steps;

    private StructureSteps(int[] steps, double? tolerance) => (_steps, Tolerance) = (steps, tolerance);

    /// <summary>Share of an image's positions that may change sides when refinement stops; null for fixed steps.</summary>
    public double? Tolerance { get; }

    /// <summary>One number for all stages, or one for each.</summary>
    public IReadOnlyList<int> Values => _steps;

    /// <summary>The same number in every stage.</summary>
    public static StructureSteps Constant(int steps) => new([steps], null);

    /// <summary>One number per predicted stage, K − 1 values.</summary>
    public static StructureSteps PerStage(IReadOnlyList<int> steps) => new([.. steps], null);

    /// <summary>
    /// Splits a stage with 1, 2, 4, … steps (at most 16) until doubling the number changes the side of at most a share of
    /// <paramref name="tolerance"/> of an image's positions. Comparing the directions of single fine steps does not work, because near the
    /// noise they agree with each other but not with the result. An average-velocity structure generator takes one step. If parts of a
    /// split are given, it takes four, because the other positions see the given parts from the second step on.
    /// </summary>
    public static StructureSteps Auto(double tolerance = DefaultTolerance) => new([FinestAuto], tolerance);

    /// <summary>A number of steps for all stages.</summary>
    public static implicit operator StructureSteps(int steps) => Constant(steps);

    /// <summary>The number of steps of one stage, or the maximum number if steps are automatic.</summary>
    public int At(int stage) => _steps.Length == 1 ? _steps[0] : _steps[stage];

    /// <summary>The number of steps that an average-velocity structure generator takes.</summary>
    /// <param name="isPartlyGiven">Whether parts of the split are given.</param>
    internal StructureSteps OfAverageVelocities(bool isPartlyGiven) =>
        Tolerance is null ? this : Constant(isPartlyGiven ? StepsAroundGiven : 1);

    /// <summary>Reads <c>25</c>, <c>25,20,15,10,8</c>, <c>auto</c> or <c>auto:0.05</c>.</summary>
    /// <returns>The steps, or null if the text has none of these forms.</returns>
    public static StructureSteps? Parse(string text)
    {
        if (text.Equals(AutoName, StringComparison.OrdinalIgnoreCase))
            return Auto();
        if (text.StartsWith(AutoName + ":", StringComparison.OrdinalIgnoreCase))
        {
            ReadOnlySpan<char> number = text.AsSpan(AutoName.Length + 1);
            return double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out double tolerance) ? Auto(tolerance) : null;
        }

        string[] parts = text.Split(',', StringSplitOptions.TrimEntries);
        int[] steps = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out steps[i]))
                return null;
        }

        return new StructureSteps(steps, null);
    }

    /// <inheritdoc/>
    public bool Equals(StructureSteps? other) =>
        other is not null && Tolerance == other.Tolerance && _steps.AsSpan().SequenceEqual(other._steps);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Tolerance, _steps.Length, _steps.FirstOrDefault());

    /// <summary>The text in the form that <see cref="Parse"/> reads.</summary>
    public override string ToString() => Tolerance switch
    {
        null => string.Join(',', _steps),
        DefaultTolerance => AutoName,
        { } tolerance => string.Create(CultureInfo.InvariantCulture, $"{AutoName}:{tolerance}"),
    };

    /// <summary>All reasons why the steps cannot be used with stages 0…K; empty if there are none.</summary>
    public IEnumerable<string> Validate(int lastStage)
    {
        int stages = Math.Max(lastStage - 1, 0);
        if (_steps.Length != 1 && _steps.Length != stages)
            yield return $"structure steps are given for {_steps.Length} stages, the model predicts {stages}";
        if (Array.Exists(_steps, s => s is < 1 or > MostSteps))
            yield return $"structure steps must be in 1…{MostSteps}, they are {string.Join(',', _steps)}";
        if (Tolerance is not (null or (>= 0 and < 1)))
            yield return $"the tolerance of automatic structure steps must be in [0, 1), it is {Tolerance}";
    }
}
