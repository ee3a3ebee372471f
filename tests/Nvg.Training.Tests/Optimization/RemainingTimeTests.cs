using Nvg.Training.Optimization;

namespace Nvg.Training.Tests.Optimization;

public class RemainingTimeTests
{
    [Theory]
    [InlineData(534, 20_000_000, 4, 230, "4d 00:36:56")]
    [InlineData(0, 93_600, 1, 1, "1d 02:00:00")]
    [InlineData(0, 86_399, 1, 1, "23:59:59")]
    [InlineData(10, 10, 4, 230, "00:00:00")]
    [InlineData(0, 100, 4, 0, "00:00:00")]
    [InlineData(0, 36_000_000, 1, 1, "416d 16:00:00")]
    public void RemainingText_AnyRun_ShowsWholeDays(long step, long steps, int batch, double rate, string expected) =>
        Assert.Equal(expected, new TrainingProgress(step, steps, 0, 0, rate, []).RemainingText(batch));

    [Fact]
    public void Remaining_RateNearZero_IsTheLongestTime() =>
        Assert.Equal(TimeSpan.MaxValue, new TrainingProgress(0, long.MaxValue, 0, 0, 1e-9, []).Remaining(int.MaxValue));
}
