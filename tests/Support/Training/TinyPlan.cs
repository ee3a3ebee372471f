using Nvg.Data.Datasets;
using Nvg.Sampling;
using Nvg.Sampling.Schedules;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Training.Optimization;
using Nvg.Training.Planning;
using Nvg.Training.Planning.Facts;
using Nvg.Training.Tasks.Classifiers;
using Nvg.Training.Tasks.Generators;
using Nvg.Training.Tasks.Tokenizers;

namespace Nvg.Testing;

/// <summary>A plan with networks small enough to be executed in seconds, for the images of <see cref="Tiny.Prepare"/>.</summary>
internal static class TinyPlan
{
    internal const int Size = 16;

    /// <summary>A time that is over at once, so that every stage is cut to the shortest length that its schedule allows.</summary>
    internal const double Hours = 1e-5;

    internal static TrainingPlan Create(string name, string source, int perClass, long steps = 12) => new()
    {
        Request = new PlanRequest { Name = name, Hours = Hours },
        Data = new DataFacts
        {
            Source = source,
            Classes = [new DatasetClass("stripes", perClass), new DatasetClass("waves", perClass)],
            MedianSide = Size,
            SmallestSide = Size,
        },
        Machine = new MachineFacts { Device = "cpu", Threads = 1, MatrixRate = 1e10, MemoryBytes = 1L << 32 },
        Rates = new StageRates { Tokenizer = 100, Generator = 100, Encoding = 1000, Sampling = 10, Classifier = 100, IsMeasured = true },
        Size = Size,
        HeldOut = 2,
        IgnoresClasses = false,
        Choices = [new PlanChoice("image size", "16 × 16 pixels", "as in tests")],
        Expectations = ["Nothing can be expected of so few steps."],
        Tokenizer = new TokenizerRunConfig
        {
            Name = $"{name}-tokenizer",
            Tokenizer = new TokenizerConfig
            {
                ImageSize = Size,
                BaseChannels = 8,
                ChannelMultipliers = [1, 1, 2],
                ResNetBlocks = 1,
                LatentChannels = 4,
                CodebookSize = 16,
                NormGroups = 4,
            },
            Training = Training(steps),
        },
        Classifier = new ClassifierRunConfig
        {
            Name = $"{name}-classifier",
            Classifier = new() { ImageSize = Size, WhiteningChannels = 4, BlockChannels = [4, 8], ClassCount = 2 },
            Training = Training(steps),
        },
        Generator = new GeneratorRunConfig
        {
            Name = name,
            Tokenizer = "tokenizer/model",
            Depth = 2,
            TokenFeatures = 4,
            Loss = new GeneratorLossOptions { ContentStages = 2, StructureStages = 1, DropPath = false },
            Training = Training(steps),
            Sampling = new SamplingOptions { StructureSteps = StructureSteps.Constant(2) },
        },
        Stages =
        [
            new PlannedStage(StageNames.Preparation, 0.01), Stage(StageNames.Tokenizer, steps), Stage(StageNames.Classifier, steps),
            Stage(StageNames.Generator, steps), new PlannedStage(StageNames.Measurement, 0.01),
        ],
    };

    private static PlannedStage Stage(string name, long steps) => new(name, 0.01) { Steps = steps, Batch = 4, Epochs = 1 };

    private static TrainingOptions Training(long steps) => new()
    {
        Steps = steps,
        BatchSize = 4,
        LearningRate = 1e-3,
        WarmupSteps = 2,
        HoldShare = 0.5,
        Precision = ScalarType.Float32,
        LogEvery = 1,
        CheckpointEvery = 4,
        ImageEvery = 0,
    };
}
