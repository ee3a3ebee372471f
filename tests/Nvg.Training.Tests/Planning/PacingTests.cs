using Nvg.Training.Planning.Execution;

namespace Nvg.Training.Tests.Planning;

public class PacingTests
{
    private const double Hold = 0.7, Deadline = 1000;

    // Runs a stage at a rate that changes, and returns when it ends and how often its length was chosen again.
    private static (double End, int Changes, long Steps) Run(
        long planned, Func<double, double> rate, long step = 0, double seconds = 0)
    {
        var pacing = new Pacing(planned, Hold, Deadline);
        int changes = 0;
        while (step < pacing.Steps)
        {
            seconds += 1 / rate(seconds);
            long before = pacing.Steps;
            if (pacing.Observe(++step, seconds))
            {
                changes++;
                // The decay has not begun, before and after; or it becomes shorter.
                Assert.True(step < Hold * before ? step <= Hold * pacing.Steps : step < pacing.Steps && pacing.Steps < before);
            }
        }

        return (seconds, changes, pacing.Steps);
    }

    [Fact]
    public void Observe_RateAsPlanned_ChangesNothing()
    {
        (double end, int changes, long steps) = Run(2000, _ => 2);
        Assert.Equal((0, 2000), (changes, steps));
        Assert.Equal(Deadline, end, 1.0);
    }

    [Theory]
    [InlineData(1.0)]
    [InlineData(1.3)]
    [InlineData(3.0)]
    [InlineData(6.0)]
    public void Observe_RateOtherThanPlanned_EndsInTime(double rate)
    {
        (double end, int changes, _) = Run(2000, _ => rate);
        Assert.InRange(end, 0.97 * Deadline, 1.03 * Deadline);
        Assert.InRange(changes, 1, 3);
    }

    [Theory]
    [InlineData(2.0, 1.0)]
    [InlineData(2.0, 3.0)]
    public void Observe_RateThatChangesMidway_EndsNearlyInTime(double first, double then)
    {
        (double end, _, _) = Run(2000, seconds => seconds < 400 ? first : then);
        Assert.InRange(end, 0.9 * Deadline, 1.1 * Deadline);
    }

    [Theory]
    [InlineData(750, 0.9)]
    [InlineData(850, 0.7)]
    [InlineData(720, 0.4)]
    public void Observe_RateThatFallsInTheDecay_EndsNearlyInTime(double moment, double then)
    {
        (double end, int changes, long steps) = Run(2000, seconds => seconds < moment ? 2 : then);
        Assert.InRange(end, 0.97 * Deadline, 1.08 * Deadline);
        Assert.InRange(changes, 1, 4);
        Assert.InRange(steps, 1400, 1900);
    }

    [Fact]
    public void Observe_ContinuedInTheDecayByASlowerMachine_EndsNearlyInTime()
    {
        (double end, int changes, _) = Run(2000, _ => 0.8, step: 1500, seconds: 750);
        Assert.InRange(end, 0.97 * Deadline, 1.08 * Deadline);
        Assert.InRange(changes, 1, 4);
    }

    [Fact]
    public void Observe_MachineThatNearlyStops_StillReachesTheDecay()
    {
        (_, _, long steps) = Run(2000, seconds => seconds < 600 ? 2 : 0.2);
        Assert.InRange(steps, 1200, 2000);
    }
}
