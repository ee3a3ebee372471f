using System.Text.Json.Serialization;

namespace Nvg.Sampling.Schedules;

/// <summary>A setting that changes over the stages 0…K.</summary>
[JsonConverter(typeof(StageScheduleConverter))]
public abstract record StageSchedule
{
    /// <summary>The same value in every stage.</summary>
    public static StageSchedule Constant(double value) => new LinearSchedule(value, value);

    /// <summary>A linear schedule from <paramref name="start"/> in stage 0 to <paramref name="end"/> in stage K.</summary>
    public static StageSchedule Linear(double start, double end) => new LinearSchedule(start, end);

    /// <summary>
    /// A schedule from <paramref name="start"/> to <paramref name="end"/> like the paper's for top-p: slow at first, by K^(i/K).
    /// </summary>
    public static StageSchedule Power(double start, double end) => new PowerSchedule(start, end);

    /// <summary>One value per stage.</summary>
    public static StageSchedule PerStage(IReadOnlyList<double> values) => new ListedSchedule(values);

    /// <summary>The value of one stage.</summary>
    /// <param name="stage">i.</param>
    /// <param name="lastStage">K.</param>
    public abstract double At(int stage, int lastStage);

    /// <summary>Explains why the schedule cannot be used with stages 0…K; null if it can.</summary>
    internal virtual string? ProblemWith(int lastStage) => null;

    /// <summary>Kind and numbers, in stored form.</summary>
    internal abstract (string Kind, IReadOnlyList<double> Values) Describe();

    private sealed record LinearSchedule(double Start, double End) : StageSchedule
    {
        internal override (string, IReadOnlyList<double>) Describe() => ("linear", [Start, End]);

        public override double At(int stage, int lastStage) => lastStage == 0 ? Start : Start + (End - Start) * stage / lastStage;
    }

    private sealed record PowerSchedule(double Start, double End) : StageSchedule
    {
        internal override (string, IReadOnlyList<double>) Describe() => ("power", [Start, End]);

        // For K = 0 or 1, the formula would divide by zero; only the two end values exist then.
        public override double At(int stage, int lastStage) => lastStage <= 1
            ? stage == 0 ? Start : End
            : End + (Start - End) * (lastStage - Math.Pow(lastStage, (double)stage / lastStage)) / (lastStage - 1);
    }

    private sealed record ListedSchedule(IReadOnlyList<double> Values) : StageSchedule
    {
        internal override (string, IReadOnlyList<double>) Describe() => ("perStage", Values);

        internal override string? ProblemWith(int lastStage) =>
            Values.Count == lastStage + 1 ? null : $"{Values.Count} values were given for {lastStage + 1} stages";

        public override double At(int stage, int lastStage) =>
            ProblemWith(lastStage) is { } problem ? throw new ArgumentException(problem) : Values[stage];
    }
}
