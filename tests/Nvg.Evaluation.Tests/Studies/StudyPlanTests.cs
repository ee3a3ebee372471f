using Nvg.Control;
using Nvg.Evaluation.Studies;
using Nvg.Sampling;
using Nvg.Sampling.Schedules;

namespace Nvg.Evaluation.Tests.Studies;

public class StudyPlanTests
{
    [Fact]
    public void Grid_TwoAxes_GiveEveryCombinationInOrder()
    {
        IReadOnlyList<StudyPoint> points = StudyPlan.Grid(["topP=0.8,0.9", "structureSteps=1,2,4"]);
        Assert.Equal(6, points.Count);
        Assert.Equal("topP 0.8, structureSteps 4", points[2].Name);
        Assert.Equal((0.9, 2), (points[4].Apply(new()).TopP.At(0, 3), points[4].Apply(new()).StructureSteps));
        Assert.Equal(points.Count, points.Select(p => p.Name).Distinct().Count());
    }

    [Theory]
    [InlineData("topP")]
    [InlineData("topP=")]
    [InlineData("=1")]
    public void Grid_NoValues_IsRefused(string axis) =>
        Assert.Contains(axis, Assert.Throws<NvgDataException>(() => StudyPlan.Grid([axis])).Message, StringComparison.Ordinal);

    [Fact]
    public void Grid_SameKeyTwice_IsRefused() => Assert.Throws<NvgDataException>(() => StudyPlan.Grid(["topK=1", "topK=2"]));

    [Fact]
    public void Apply_Changes_LeaveTheRest()
    {
        var defaults = new SamplingOptions { Temperature = 0.9 };
        SamplingOptions changed = new StudyPoint(
            "p",
            [new("contentGuidance", "1-3.5"), new("topP", "0.9-0.3"), new("gumbel", "true"),
            new("structureGuidance", "-1")]).Apply(defaults);
        Assert.Equal(
            defaults with
            {
                ContentGuidance = StageSchedule.Linear(1, 3.5),
                TopP = StageSchedule.Power(0.9, 0.3),
                Gumbel = true,
                StructureGuidance = StageSchedule.Constant(-1)
            }, changed);
    }

    [Theory]
    [InlineData("colour", "1", "colour")]
    [InlineData("topK", "many", "p: topK must be a whole number")]
    [InlineData("structureSteps", "automatic", "structure steps are a number")]
    [InlineData("topK", "1.5", "p:")]
    [InlineData("gumbel", "2", "p:")]
    public void Apply_UnknownKeyOrValue_IsNamed(string key, string value, string named) =>
        Assert.Contains(named, Assert.Throws<NvgDataException>(
            () => new StudyPoint("p", [new(key, value)]).Apply(new())).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("auto")]
    [InlineData("auto:0.05")]
    public void Apply_AutomaticSteps_AreRead(string text) =>
        Assert.Equal(StructureSteps.Parse(text), new StudyPoint("p", [new("structureSteps", text)]).Apply(new()).StructureSteps);

    [Fact]
    public void Kept_Texts_AreRead()
    {
        Assert.Null(new StudyPoint("p", []).Kept);
        Assert.Null(new StudyPoint("p", [new("keep", "nothing")]).Kept);
        Assert.Equal(new KeptStages(KeptPart.Both, 2), new StudyPoint("p", [new("keep", "both:2")]).Kept);
        Assert.All(
            ["both", "both:0", "both:-1", "content:2", "structure:x"],
            text => Assert.Throws<NvgDataException>(() => KeptStages.Parse(text)));
    }

    [Fact]
    public void Ablation_AnyModel_HasValidPointsOfDifferentSettings()
    {
        IReadOnlyList<StudyPoint> points = StudyPlan.Ablation(7, withReference: true);
        Assert.Equal(StudyPlan.BaseName, points[0].Name);
        Assert.All(points, p => Assert.Empty(p.Apply(new()).Validate(6)));
        Assert.Equal(points.Count, points.Select(p => $"{string.Join(';', p.Changes)}").Distinct().Count());
        Assert.Contains(points, p => p.Kept == new KeptStages(KeptPart.Structure, 7));
        Assert.DoesNotContain(StudyPlan.Ablation(7, withReference: false), p => p.Kept is not null);
    }
}
