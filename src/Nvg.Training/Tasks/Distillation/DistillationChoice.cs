using Nvg.Sampling.Schedules;
using Nvg.Training.Optimization;
using Nvg.Training.Tasks.Generators.Intervals;

namespace Nvg.Training.Tasks.Distillation;

/// <summary>The random choices for one sequence of a step: stage, class, guidance and interval.</summary>
/// <param name="Stage">Structure stage (i).</param>
/// <param name="HasClass">Whether the class is kept.</param>
/// <param name="Guidance">Guidance scale; 1 without a class.</param>
/// <param name="Interval">The interval, or null for a velocity.</param>
/// <param name="Time">Time of the velocity, or start of the interval.</param>
internal sealed record DistillationChoice(int Stage, bool HasClass, double Guidance, GridInterval? Interval, double Time)
{
    /// <summary>Length of the interval; 0 for a velocity.</summary>
    internal double Step => Interval?.Length ?? 0;

    /// <summary>The times of the teacher's Euler steps. A velocity takes one step of any length.</summary>
    internal double[] Times => Interval?.Times ?? [Time, 0];

    /// <summary>Draws the choice for an example.</summary>
    /// <param name="random">The random numbers of the example in the step.</param>
    /// <param name="config">Settings.</param>
    /// <param name="grid">The intervals.</param>
    /// <param name="schedule">The teacher's guidance.</param>
    /// <param name="lastStage">K.</param>
    internal static DistillationChoice Draw(
        HostRandom random, DistillationConfig config, IntervalGrid grid, StageSchedule schedule, int lastStage)
    {
        int stage = random.Next(lastStage - 1);
        bool hasClass = random.Next() >= config.NullClassShare;
        double guidance = config.DrawGuidance(random, schedule.At(stage, lastStage));
        GridInterval? interval = grid.Draw(random);
        // Times of velocities are drawn as in training: the sigmoid of a normally distributed number.
        double normal = Math.Sqrt(-2 * Math.Log(1 - random.Next())) * Math.Cos(2 * Math.PI * random.Next());
        return new DistillationChoice(stage, hasClass, hasClass ? guidance : 1, interval, interval?.Start ?? 1 / (1 + Math.Exp(-normal)));
    }
}
