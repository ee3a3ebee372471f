using Nvg.Torch;
using Nvg.Training.Optimization;

namespace Nvg.Training.Tests.Optimization;

public class LearningRateScheduleTests
{
    private static readonly TrainingOptions Options = new()
    {
        Steps = 1000,
        BatchSize = 1,
        LearningRate = 0.5,
        WarmupSteps = 100,
        StartFactor = 0.01,
        HoldShare = 0.8,
        FinalFactor = 0.1,
    };

    [Theory]
    [InlineData(0, 0.01)]
    [InlineData(50, 0.505)]
    [InlineData(100, 1)]
    [InlineData(799, 1)]
    [InlineData(800, 1)]
    [InlineData(900, 0.55)]
    [InlineData(1000, 0.1)]
    [InlineData(2000, 0.1)]
    public void LearningRateAt_WarmupHoldDecay_FollowsTheFormula(long step, double factor) =>
        Assert.Equal(0.5 * factor, Options.LearningRateAt(step), 1e-12);

    [Theory]
    [InlineData(0, 0.01)]
    [InlineData(50, 0.505)]
    [InlineData(100, 1)]
    [InlineData(550, 0.55)]
    [InlineData(1000, 0.1)]
    [InlineData(2000, 0.1)]
    public void LearningRateAt_Cosine_FollowsTheFormula(long step, double factor) =>
        Assert.Equal(0.5 * factor, (Options with { Schedule = LearningRateShape.Cosine }).LearningRateAt(step), 1e-12);

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(10, 0, 0)]
    [InlineData(10, 20, 0)]
    [InlineData(10, 10, 1)]
    public void LearningRateAt_ExtremeSettings_StaysBetweenTheEnds(long steps, long warmup, double hold)
    {
        foreach (LearningRateShape shape in Enum.GetValues<LearningRateShape>())
        {
            TrainingOptions options = Options with { Steps = steps, WarmupSteps = warmup, HoldShare = hold, Schedule = shape };
            Assert.All(Enumerable.Range(0, 30), step => Assert.InRange(options.LearningRateAt(step), 0.005, 0.5));
        }
    }

    [Fact]
    public void Validate_ManyProblems_AreReportedTogether()
    {
        Assert.Empty(Options.Validate());
        Assert.Equal(
            5,
            (Options with { Steps = 0, LearningRate = 2, Beta1 = 1, HoldShare = 2, Precision = ScalarType.Int32 }).Validate().Count());
    }
}
