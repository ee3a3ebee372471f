using Nvg.Cli.Planning;
using Nvg.Evaluation.Studies;

namespace Nvg.Cli.Tests.Training;

public class SamplingChoiceTests
{
    [Fact]
    public void Among_SeveralSettings_TakesTheSmallestDistanceAndNamesThePlans()
    {
        SamplingChoice choice = SamplingChoice.Among([Result("as planned", 12.6), Result("topP 0.5", 9.7), Result("other", 11)], 60);
        Assert.Equal("topP 0.5", choice.Best.Name);
        string row = PlannedModelCard.Describe(choice);
        Assert.StartsWith("topP 0.5: Fréchet distance 9.7, the smallest of 3 settings (60 images of each", row, StringComparison.Ordinal);
        Assert.EndsWith("as planned 12.6)", row, StringComparison.Ordinal);
    }

    [Fact]
    public void Describe_NothingElseTried_SaysSo() => Assert.Equal(
        "as planned; there was no time to try others", PlannedModelCard.Describe(SamplingChoice.Among([Result("as planned", 12.6)], 60)));

    private static StudyResult Result(string name, double distance) => new()
    {
        Key = name,
        Name = name,
        Changes = new Dictionary<string, string>(),
        Count = 60,
        ClassAccuracy = 0.5,
        ClassConfidence = 0.5,
        FrechetDistance = distance,
        Precision = 0,
        Recall = 0,
        SecondsPerImage = 0.1,
    };
}
