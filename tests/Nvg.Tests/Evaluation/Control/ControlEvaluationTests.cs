using Nvg.Checkpoints;
using Nvg.Evaluation;
using Nvg.Evaluation.Control;
using Nvg.Granularity;
using Nvg.Granularity.Construction;
using Nvg.Rendering;
using Nvg.Tests.Control;

namespace Nvg.Tests.Evaluation.Control;

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
        var picture = new RgbImage(8, 8);
        for (int y = 0; y < 8; y++)
            picture.Row(y)[12..].Fill(200);
        Assert.Equal(1, StructureStudy.EdgeAgreement([0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1], picture, grid));
        Assert.InRange(StructureStudy.EdgeAgreement([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1], picture, grid), 0, 0.49);
        Assert.Equal(0.5, StructureStudy.EdgeAgreement(new int[16], picture, grid));
    }

    [Fact]
    public void Run_TinyModel_KeepsWhatIsGivenAndReportsEveryStage()
    {
        using NvgModel model = TinyModels.Random();
        LabelledPicture[] references = [.. Enumerable.Range(0, 4).Select(i =>
        {
            var picture = new RgbImage(8, 8);
            new Random(i).NextBytes(picture.Pixels);
            return new LabelledPicture($"{i}", picture, i % 3);
        })];
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
    public void Measure_AnyStrategy_LosesNoVarianceAtTheLastStage()
    {
        using NvgModel model = TinyModels.Random();
        RgbImage[] pictures = [.. Enumerable.Range(0, 3).Select(i =>
        {
            var picture = new RgbImage(8, 8);
            new Random(i).NextBytes(picture.Pixels);
            return picture;
        })];
        IReadOnlyList<StructureQuality> Measure(string name)
        {
            using IStructureStrategy strategy = StructureStrategyConfig.Parse(name, out _)!.Create();
            return StructureStudy.Measure(model.Tokenizer, pictures, strategy, batch: 2).Stages;
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
}
