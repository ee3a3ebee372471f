using System.Globalization;
using Nvg.Configuration;
using Nvg.Training.Planning;
using Nvg.Training.Planning.Facts;

namespace Nvg.Training.Tests.Planning;

public class TrainingPlannerTests
{
    private static readonly int[] Counts = [12, 200, 900, 5_000, 60_000, 1_300_000];
    private static readonly double[] Hours = [0.5, 4, 48];

    public static TheoryData<int, int, double, PlanQuality, string> Combinations()
    {
        var all = new TheoryData<int, int, double, PlanQuality, string>();
        foreach (int images in Counts)
        {
            foreach (int classes in new[] { 1, 3, 1000 }.Where(c => c <= images))
            {
                foreach (double hours in Hours)
                {
                    // Packing alone would take longer.
                    if (images > 1_000_000 && hours < 24)
                        continue;
                    foreach (PlanQuality quality in Enum.GetValues<PlanQuality>())
                        all.Add(images, classes, hours, quality, images % 3 == 0 ? "cpu" : "cuda:0");
                }
            }
        }

        return all;
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public void Plan_OfAnyFacts_HasValidSettingsAndKeepsTimeAndMemory(
        int images, int classes, double hours, PlanQuality quality, string device)
    {
        MachineFacts machine = PlanFacts.Machine(device == "cpu" ? 2e11 : 2e14, device == "cpu" ? 8 : 80, device: device);
        PlanRequest request = PlanFacts.Request(hours) with { Quality = quality };
        TrainingPlan plan = TrainingPlanner.Plan(request, PlanFacts.Data(images, classes), machine);
        Assert.Empty(plan.Validate());
        Assert.True(plan.Seconds <= 1.001 * 3600 * hours, $"{plan.Seconds} s of {3600 * hours} s");
        Assert.All(plan.Stages, stage => Assert.True(stage.MemoryBytes <= machine.MemoryBytes, $"{stage}"));
        Assert.All(plan.Stages.Where(stage => stage.Steps > 0), stage => Assert.InRange(stage.Steps, 30, long.MaxValue));
        Assert.All(plan.Choices, choice => Assert.True(choice is { Value.Length: > 0, Reason.Length: > 0 }, choice.Name));
        Assert.InRange(plan.HeldOut, 0, images / 2);
    }

    [Theory]
    [InlineData(0.3)]
    [InlineData(3)]
    public void Plan_MeasuredRates_ReasonsHaveTheImagesOfTheStages(double factor)
    {
        TrainingPlan estimated = TrainingPlanner.Plan(PlanFacts.Request(), PlanFacts.Data(), PlanFacts.Machine());
        StageRates measured = estimated.Rates with
        {
            Tokenizer = factor * estimated.Rates.Tokenizer,
            Generator = factor * estimated.Rates.Generator,
        };
        TrainingPlan plan = TrainingPlanner.Plan(PlanFacts.Request(), PlanFacts.Data(), PlanFacts.Machine(), measured);
        string reason = plan.Choices.Single(choice => choice.Name == "tokenizer").Reason;
        double said = double.Parse(reason.Split(' ')[1], NumberStyles.AllowThousands, CultureInfo.InvariantCulture);
        Assert.InRange(said / plan.Stage(StageNames.Tokenizer).Images, 0.85, 1.15);
    }

    [Fact]
    public void Plan_MoreHours_NeverTrainsLessWork()
    {
        double[] hours = [0.2, 0.5, 1, 2, 4, 8, 16, 32, 64];
        TrainingPlan[] plans = [.. hours.Select(h => TrainingPlanner.Plan(PlanFacts.Request(h), PlanFacts.Data(), PlanFacts.Machine()))];
        foreach ((TrainingPlan less, TrainingPlan more) in plans.Zip(plans.Skip(1)))
        {
            Assert.True(more.Size >= less.Size);
            Assert.True(more.Generator.Depth >= less.Generator.Depth);
            Assert.True(more.Stage(StageNames.Tokenizer).Seconds >= less.Stage(StageNames.Tokenizer).Seconds);
            Assert.True(more.Stage(StageNames.Generator).Seconds >= less.Stage(StageNames.Generator).Seconds);
        }
    }

    [Theory]
    [InlineData(200, 3)]
    [InlineData(50_000, 10)]
    public void Plan_MoreHoursWithTheSameNetworks_NeverSeesFewerImages(int images, int classes)
    {
        long before = 0;
        (int, int, int) sizes = default;
        foreach (double hours in Enumerable.Range(1, 40).Select(i => 0.25 * i))
        {
            PlanRequest request = PlanFacts.Request(hours) with { Size = 64 };
            TrainingPlan plan = TrainingPlanner.Plan(request, PlanFacts.Data(images, classes), PlanFacts.Machine());
            (int, int, int) now = (plan.Generator.Depth, plan.Tokenizer.Tokenizer.BaseChannels, plan.Generator.Training.Orientations ?? 0);
            long seen = plan.Generator.Training.Steps * plan.Generator.Training.BatchSize;
            if (now == sizes)
                Assert.True(seen + plan.Generator.Training.BatchSize > before, $"{hours} h: {seen} after {before}");
            (before, sizes) = (seen, now);
        }
    }

    [Fact]
    public void Plan_FasterMachine_NeverChoosesSmallerNetworks()
    {
        TrainingPlan before = TrainingPlanner.Plan(PlanFacts.Request(), PlanFacts.Data(100_000), PlanFacts.Machine(5e10));
        foreach (double rate in new[] { 1e11, 5e11, 1e13, 3e14 })
        {
            TrainingPlan plan = TrainingPlanner.Plan(PlanFacts.Request(), PlanFacts.Data(100_000), PlanFacts.Machine(rate));
            Assert.True(plan.Size >= before.Size && plan.Generator.Depth >= before.Generator.Depth);
            before = plan;
        }
    }

    [Fact]
    public void Plan_SameFacts_IsTheSamePlan() => Assert.Equal(
        NvgJson.Write(TrainingPlanner.Plan(PlanFacts.Request(), PlanFacts.Data(), PlanFacts.Machine())),
        NvgJson.Write(TrainingPlanner.Plan(PlanFacts.Request(), PlanFacts.Data(), PlanFacts.Machine())));

    [Fact]
    public void Plan_WrittenAndRead_IsTheSame()
    {
        using var folder = new TemporaryFolder();
        string text = NvgJson.Write(TrainingPlanner.Plan(PlanFacts.Request(), PlanFacts.Data(), PlanFacts.Machine()));
        File.WriteAllText(folder["plan.json"], text);
        Assert.Equal(text, NvgJson.Write(NvgJson.Read<TrainingPlan>(folder["plan.json"])));
    }

    [Fact]
    public void Plan_FewImages_HasASmallCodebookAndGeneratorsAndSaysThatItOverfits()
    {
        TrainingPlan plan = TrainingPlanner.Plan(PlanFacts.Request(8), PlanFacts.Data(200, 3), PlanFacts.Machine());
        Assert.Equal((256, 2), (plan.Tokenizer.Tokenizer.CodebookSize, plan.Generator.Depth));
        Assert.InRange(plan.HeldOut, 5, 20);
        Assert.Contains(plan.Expectations, sentence => sentence.Contains("overfitting", StringComparison.Ordinal));
    }

    [Fact]
    public void Plan_EightLatentChannels_HasTokenFeatures()
    {
        TrainingPlan plan = TrainingPlanner.Plan(PlanFacts.Request(), PlanFacts.Data(), PlanFacts.Machine());
        Assert.Equal((8, 64), (plan.Tokenizer.Tokenizer.LatentChannels, plan.Generator.TokenFeatures));
    }

    [Fact]
    public void Plan_ClassesOfSingleImages_AreIgnored()
    {
        TrainingPlan plan = TrainingPlanner.Plan(PlanFacts.Request(), PlanFacts.Data(900, 900), PlanFacts.Machine());
        Assert.True(plan.IgnoresClasses);
        Assert.Null(plan.Classifier);
        Assert.Equal(0, plan.Generator.Loss.NullClassShare);
        Assert.Contains(plan.Choices, c => c is { Name: "classes", Value: "ignored" });
    }

    [Fact]
    public void Plan_SeveralClasses_HasAClassifierThatIsNotTheMainWork()
    {
        TrainingPlan plan = TrainingPlanner.Plan(PlanFacts.Request(), PlanFacts.Data(), PlanFacts.Machine());
        Assert.Equal(10, plan.Classifier!.Classifier.ClassCount);
        Assert.True(plan.Stage(StageNames.Classifier).Seconds <= 0.06 * plan.Seconds);
        Assert.Null(TrainingPlanner.Plan(PlanFacts.Request(), PlanFacts.Data(classes: 1), PlanFacts.Machine()).Classifier);
    }

    [Fact]
    public void Plan_TrainingTime_IsOneThirdTokenizerAndTwoThirdsGenerators()
    {
        TrainingPlan plan = TrainingPlanner.Plan(PlanFacts.Request(), PlanFacts.Data(), PlanFacts.Machine());
        double tokenizer = plan.Stage(StageNames.Tokenizer).Seconds, generator = plan.Stage(StageNames.Generator).Seconds;
        Assert.Equal(2, generator / tokenizer, 6);
    }

    [Fact]
    public void Plan_WithoutThePerceptualNetwork_SaysSoAndTrainsWithoutIt()
    {
        TrainingPlan plan = TrainingPlanner.Plan(PlanFacts.Request(), PlanFacts.Data(), PlanFacts.Machine(perceptual: false));
        Assert.Null(plan.Tokenizer.Loss.Perceptual);
        Assert.Contains(plan.Choices, c => c.Name == "perceptual loss" && c.Reason.Contains("not found", StringComparison.Ordinal));
        Assert.NotNull(TrainingPlanner.Plan(PlanFacts.Request(), PlanFacts.Data(), PlanFacts.Machine()).Tokenizer.Loss.Perceptual);
    }

    [Theory]
    [InlineData(1, false, null)]
    [InlineData(2, true, null)]
    [InlineData(8, true, 8)]
    public void Plan_Orientations_AreThoseOfTheRequest(int orientations, bool flip, int? turned)
    {
        PlanRequest request = PlanFacts.Request() with { Orientations = orientations };
        TrainingPlan plan = TrainingPlanner.Plan(request, PlanFacts.Data(), PlanFacts.Machine());
        Assert.Equal((flip, turned), (plan.Tokenizer.Training.Flip, plan.Tokenizer.Training.Orientations));
        Assert.Equal((flip, turned), (plan.Generator.Training.Flip, plan.Generator.Training.Orientations));
        Assert.True(plan.Classifier!.Training.Orientations is null);
    }

    [Fact]
    public void Plan_LittleMemory_HasSmallerBatches()
    {
        PlanRequest request = PlanFacts.Request(40) with { Size = 256 };
        TrainingPlan little = TrainingPlanner.Plan(request, PlanFacts.Data(50_000), PlanFacts.Machine(1e14, gibibytes: 6));
        TrainingPlan much = TrainingPlanner.Plan(request, PlanFacts.Data(50_000), PlanFacts.Machine(1e14, gibibytes: 80));
        Assert.True(little.Tokenizer.Training.BatchSize < much.Tokenizer.Training.BatchSize);
    }

    [Fact]
    public void Plan_SlowerMeasuredRates_MeansFewerSteps()
    {
        TrainingPlan estimated = TrainingPlanner.Plan(PlanFacts.Request(), PlanFacts.Data(), PlanFacts.Machine());
        StageRates half = estimated.Rates with { Tokenizer = estimated.Rates.Tokenizer / 2, Generator = estimated.Rates.Generator / 2 };
        TrainingPlan measured = TrainingPlanner.Plan(PlanFacts.Request(), PlanFacts.Data(), PlanFacts.Machine(), half);
        static long Seen(TrainingPlan plan) => plan.Generator.Training.Steps * plan.Generator.Training.BatchSize;
        Assert.InRange(Seen(measured), 0.45 * Seen(estimated), 0.55 * Seen(estimated));
    }

    [Theory]
    [InlineData(0.001, "give at least --hours")]
    [InlineData(-1, "hours must be more than 0")]
    public void Plan_ImpossibleTime_IsRefusedWithARemedy(double hours, string problem)
    {
        NvgDataException error = Assert.Throws<NvgDataException>(
            () => TrainingPlanner.Plan(PlanFacts.Request(hours), PlanFacts.Data(), PlanFacts.Machine()));
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_MoreImagesThanCanBePackedInTime_SaysHowLongItTakes()
    {
        NvgDataException error = Assert.Throws<NvgDataException>(
            () => TrainingPlanner.Plan(PlanFacts.Request(0.5), PlanFacts.Data(1_300_000), PlanFacts.Machine()));
        Assert.Contains(
            "packing 1,300,000 images alone takes about 110 min: give at least --hours 4.8", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_ImpossibleSize_NamesThePossibleOnes()
    {
        NvgDataException error = Assert.Throws<NvgDataException>(
            () => TrainingPlanner.Plan(PlanFacts.Request() with { Size = 48 }, PlanFacts.Data(), PlanFacts.Machine()));
        Assert.Contains("16, 32, 64, 128, 256 or 512", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_PreparedData_KeepsItsSize()
    {
        DataFacts data = PlanFacts.Data() with { PreparedSide = 32 };
        Assert.Equal(32, TrainingPlanner.Plan(PlanFacts.Request(), data, PlanFacts.Machine()).Size);
        Assert.Throws<NvgDataException>(
            () => TrainingPlanner.Plan(PlanFacts.Request(), data with { PreparedSide = 48 }, PlanFacts.Machine()));
    }
}
