using Nvg.Data.Datasets;
using Nvg.Evaluation.Classes;
using Nvg.Evaluation.Features;
using Nvg.Torch;
using Nvg.Training.Tasks.Classifiers;

namespace Nvg.Training.Tests;

[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public sealed class ClassifierTrainingTests : IDisposable
{
    private static readonly ClassifierRunConfig Config = new()
    {
        Name = "tiny",
        Classifier = new() { ImageSize = 8, WhiteningChannels = 8, BlockChannels = [8, 16], ClassCount = 2 },
        Shift = 1,
        HeldOut = 2,
        Training = new()
        {
            Steps = 40,
            BatchSize = 8,
            LearningRate = 5e-3,
            WarmupSteps = 4,
            EmaDecay = 0.9,
            Precision = ScalarType.Float32,
            LogEvery = 10,
            CheckpointEvery = 10,
        },
    };

    private readonly TemporaryFolder _folder = new();

    public ClassifierTrainingTests() => Tiny.Prepare(_folder["images"], _folder["data"]);

    [Fact]
    public void Run_TwoKindsOfImages_AreToldApartAlsoWhereHeldOut()
    {
        Run("run");
        using var network = ClassifierFeatures.Load(_folder["run/model"]);
        Assert.Equal(["stripes", "waves"], network.Labels);
        ClassAccuracy all = ClassEvaluation.Run(network, LabelledImages.Read(_folder["data"], network.Labels), batchSize: 5);
        Assert.Equal(12, all.Count);
        Assert.Equal(1, all.Accuracy);
        ClassAccuracy heldOut = ClassEvaluation.Run(
            network, LabelledImages.Prepared(_folder["data"], network.Labels, d => HeldOutSplit.Of(d, 2).HeldOut));
        Assert.Equal((2, 1), (heldOut.Count, heldOut.Accuracy));
    }

    [Fact]
    public void Run_StoppedAndContinued_EndsBitForBitTheSame()
    {
        Run("straight");
        Run("stopped", stopAfter: 20);
        Run("stopped");
        Assert.All(["classifier.safetensors", "config.json", "labels.txt"], file =>
            Assert.Equal(File.ReadAllBytes(_folder[$"straight/model/{file}"]), File.ReadAllBytes(_folder[$"stopped/model/{file}"])));
    }

    [Fact]
    public void Constructor_OtherSizeOrClasses_IsRefused()
    {
        using PackedDataset data = PackedDataset.Open(_folder["data"]);
        Assert.Contains("--size 16", Assert.Throws<NvgDataException>(() => new ClassifierTraining(
            Config with { Classifier = Config.Classifier with { ImageSize = 16 } }, data, Device.Cpu)).Message, StringComparison.Ordinal);
        Assert.Contains("2 classes", Assert.Throws<NvgDataException>(() => new ClassifierTraining(
            Config with { Classifier = Config.Classifier with { ClassCount = 3 } }, data, Device.Cpu)).Message, StringComparison.Ordinal);
        Assert.Throws<NvgDataException>(() => new ClassifierTraining(Config with { HeldOut = 12 }, data, Device.Cpu));
    }

    [Fact]
    public void Validate_WrongSettings_AreNamed()
    {
        Assert.Empty(Config.Validate());
        Assert.Equal(3, (Config with { Shift = 8, LabelSmoothing = 1, HeldOut = -1 }).Validate().Count());
    }

    public void Dispose() => _folder.Dispose();

    private void Run(string folder, int? stopAfter = null)
    {
        using PackedDataset data = PackedDataset.Open(_folder["data"]);
        TinyRuns.Train(() => new ClassifierTraining(Config, data, Device.Cpu), Config.Training, _folder[folder], stopAfter);
    }
}
