using Nvg.Classifiers;
using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Evaluation.Classes;
using Nvg.Evaluation.Features;
using Nvg.Evaluation.Steering;
using Nvg.Granularity;
using Nvg.Granularity.Construction;
using Nvg.Imaging;
using Nvg.Pretrained;
using Nvg.Previews;
using Nvg.Torch.Nn;

namespace Nvg.Evaluation.Tests.Steering;

public class ControlEvaluationTests
{
    [Fact]
    public void AdjustedRand_KnownCases_AreTheirValues()
    {
        int[] halves = [0, 0, 0, 1, 1, 1], renamed = [5, 5, 5, 2, 2, 2], other = [0, 0, 1, 1, 2, 2];
        Assert.Equal(1, PartitionAgreement.AdjustedRand(halves, renamed), 12);
        // Two pairs together in both; 6 and 3 in each; 15 in all: (2 − 6·3/15) / (4.5 − 6·3/15).
        Assert.Equal((2 - 1.2) / (4.5 - 1.2), PartitionAgreement.AdjustedRand(halves, other), 12);
        Assert.Equal(PartitionAgreement.AdjustedRand(halves, other), PartitionAgreement.AdjustedRand(other, halves), 12);
    }

    [Fact]
    public void AdjustedRand_ShuffledParts_IsZeroOnAverage()
    {
        var random = new Random(1);
        int[] labels = [.. Enumerable.Range(0, 64).Select(l => l / 8)];
        double mean = Enumerable.Range(0, 400).Average(_ =>
        {
            int[] shuffled = [.. labels];
            random.Shuffle(shuffled);
            return PartitionAgreement.AdjustedRand(labels, shuffled);
        });
        Assert.InRange(mean, -0.005, 0.005);
    }

    [Fact]
    public void EdgeAgreement_MapAlongTheColours_IsOneAndAcrossThemBelowHalf()
    {
        var grid = new LatentGrid(4, 4);
        var image = new RgbImage(8, 8);
        for (int y = 0; y < 8; y++)
            image.Row(y)[12..].Fill(200);
        Assert.Equal(1, StructureStudy.EdgeAgreement([0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1], image, grid));
        Assert.InRange(StructureStudy.EdgeAgreement([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1], image, grid), 0, 0.49);
        Assert.Equal(0.5, StructureStudy.EdgeAgreement(new int[16], image, grid));
    }

    [Fact]
    public void Run_TinyModel_KeepsWhatIsGivenAndReportsEveryStage()
    {
        using NvgModel model = TinyModels.Random();
        LabelledImage[] references = References(4);
        ControlReport report = ControlEvaluation.Run(model, references, batch: 3);
        Assert.Equal((4, 1.0, 1.0), (report.Count, report.StructureKept, report.SequenceKeptOutside));
        Assert.Equal([1, 2, 3], report.Agreement.Select(a => a.Stage));
        Assert.Equal(2, report.Decoded.MeanByDistance.Count);
        Assert.True(report.Decoded.MeanInside > 0);
        Assert.Equal(report.Decoded.MeanInside, report.Blended.MeanInside, 9);
        Assert.True(report.Blended.MeanOutside < report.Decoded.MeanOutside);
        Assert.Null(report.ClassChange);
    }

    [Fact]
    public void Run_Judge_IsAskedForOldAndNewClassesOfBothKindsOfImages()
    {
        using NvgModel model = TinyModels.Random();
        LabelledImage[] references = References(6);
        using var classifier = new RecordingClassifier();
        ClassChange change = ControlEvaluation.Run(model, references, classifier, batch: 4).ClassChange!;
        // Reconstructions twice, then the changed images twice, each time once for the old and once for the new classes.
        Assert.Equal(24, classifier.Images.Count);
        byte[][] before = [.. classifier.Images[..6]], after = [.. classifier.Images[12..18]];
        Assert.Equal(before, classifier.Images[6..12]);
        Assert.Equal(after, classifier.Images[18..]);
        Assert.Equal(references.Select(r => StageImages.Draw(model.Tokenizer, Encoded(model, r.Image)).Pixels), before);
        Assert.All(before.Zip(after), pair => Assert.NotEqual(pair.First, pair.Second));
        // What the classifier says is worked out here again: classes go round, by one and by two in turn.
        int[] old = [.. references.Select(r => r.Label!.Value)], changed = [1, 0, 0, 2, 2, 1];
        Assert.Equal([0, 1, 2, 0, 1, 2], old);
        double Share(byte[][] images, int[] labels) => images.Zip(labels).Average(
            p => RecordingClassifier.ClassOf(p.First) == p.Second ? 1.0 : 0.0);
        Assert.Equal(new ClassChange(Share(before, old), Share(before, changed), Share(after, old), Share(after, changed)), change);
    }

    [Fact]
    public void Run_TinyClassifier_ReportsShares()
    {
        using NvgModel model = TinyModels.Random();
        using var folder = new TemporaryFolder();
        using ClassifierFeatures classifier = TinyClassifier(folder["classifier"]);
        ClassChange change = ControlEvaluation.Run(model, References(6), classifier, batch: 4).ClassChange!;
        Assert.All([change.OldBefore, change.NewBefore, change.OldAfter, change.NewAfter], share => Assert.Equal(
            Math.Round(share * 6), share * 6, 9));
        // An image is taken for one class alone.
        Assert.InRange(change.OldBefore + change.NewBefore, 0, 1 + 1e-9);
        Assert.InRange(change.OldAfter + change.NewAfter, 0, 1 + 1e-9);
    }

    [Fact]
    public void Run_CancelledInAnyPart_Ends()
    {
        using NvgModel model = TinyModels.Random();
        LabelledImage[] references = References(3);
        using (var cancelled = new CancellationTokenSource())
        {
            // Before the first part has told anything: the images are not even encoded.
            cancelled.Cancel();
            var silent = new SynchronousProgress<double>(_ => Assert.Fail("work was done"));
            Assert.ThrowsAny<OperationCanceledException>(
                () => ControlEvaluation.Run(model, references, progress: silent, cancellation: cancelled.Token));
        }

        foreach (double end in new[] { 0.2, 1 / 3.0, 0.5, 2 / 3.0 })
        {
            using var cancellation = new CancellationTokenSource();
            int later = 0;
            var progress = new SynchronousProgress<double>(share =>
            {
                later += cancellation.IsCancellationRequested ? 1 : 0;
                if (share >= end - 1e-9)
                    cancellation.Cancel();
            });
            Assert.ThrowsAny<OperationCanceledException>(
                () => ControlEvaluation.Run(model, references, batch: 3, progress: progress, cancellation: cancellation.Token));
            // At the most the batch that was about to be done is told of.
            Assert.InRange(later, 0, 1);
        }
    }

    [Fact]
    public void Draw_Cancelled_DecodesNothing()
    {
        using NvgModel model = TinyModels.Random();
        PartialSequence sequence = Encoded(model, References(1)[0].Image);
        using GranularitySequence batch = PartialSequence.ToBatch([sequence]);
        var cancelled = new CancellationToken(canceled: true);
        Assert.ThrowsAny<OperationCanceledException>(() => StageImages.Draw(model.Tokenizer, sequence, cancelled));
        Assert.ThrowsAny<OperationCanceledException>(() => StageImages.Draw(model.Tokenizer, batch, cancellation: cancelled));
        Assert.ThrowsAny<OperationCanceledException>(
            () => StructureStudy.CompareMatching(model.Tokenizer, [References(1)[0].Image], cancelled));
    }

    [Fact]
    public void Measure_AnyStrategy_LosesNoVarianceAtTheLastStage()
    {
        using NvgModel model = TinyModels.Random();
        RgbImage[] images = [.. Enumerable.Range(0, 3).Select(i =>
        {
            var image = new RgbImage(8, 8);
            new Random(i).NextBytes(image.Pixels);
            return image;
        })];
        IReadOnlyList<StructureQuality> Measure(string name)
        {
            using IStructureStrategy strategy = StructureStrategyConfig.Parse(name, out _)!.Create(VisionTransformer.LoadFeatures);
            return StructureStudy.Measure(model.Tokenizer, images, strategy, batch: 2).Stages;
        }

        foreach (IReadOnlyList<StructureQuality> stages in new[] { Measure("greedy"), Measure("segmentation"), Measure("matching") })
        {
            Assert.Equal(1, stages[0].WithinVariance, 5);
            Assert.Equal(0, stages[^1].WithinVariance, 5);
            Assert.Equal(stages.Select(s => s.WithinVariance).OrderDescending(), stages.Select(s => s.WithinVariance));
        }

        // The first pairs are joined from the same points: exchanges can only lower what they leave.
        Assert.True(Measure("matching")[^2].WithinVariance <= Measure("greedy")[^2].WithinVariance + 1e-6);
    }

    private static LabelledImage[] References(int count) => [.. Enumerable.Range(0, count).Select(i =>
    {
        var image = new RgbImage(8, 8);
        new Random(i).NextBytes(image.Pixels);
        return new LabelledImage($"{i}", image, i % 3);
    })];

    private static PartialSequence Encoded(NvgModel model, RgbImage image)
    {
        using ReferenceSequence reference = ReferenceSequence.FromImage(model.Tokenizer, image);
        return reference.Sequence;
    }

    private static ClassifierFeatures TinyClassifier(string folder)
    {
        var config = new ClassifierModelConfig
        {
            Name = "tiny",
            Classifier = new() { ImageSize = 8, WhiteningChannels = 8, BlockChannels = [6, 10], ClassCount = 3 },
        };
        using var network = new ImageClassifier(config.Classifier, ParameterSource.Random(1));
        ClassifierModel.Save(folder, config, network.Parameters, ["cat", "dog", "frog"]);
        return ClassifierFeatures.Load(folder);
    }
}
