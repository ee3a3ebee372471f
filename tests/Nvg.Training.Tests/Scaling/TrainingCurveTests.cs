using Nvg.Checkpoints;
using Nvg.Generators;
using Nvg.Reporting;
using Nvg.Tokenizers;
using Nvg.Torch.Nn;
using Nvg.Training.Scaling;

namespace Nvg.Training.Tests.Scaling;

[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public sealed class TrainingCurveTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TrainingCurveTests()
    {
        using Tokenizer tokenizer = Tiny.Tokenizer();
        NvgModel.Save(
            _folder["tokenizer"],
            new ModelConfig { Name = "tiny", Tokenizer = Tiny.TokenizerSizes },
            tokenizer.Parameters,
            null,
            []);
    }

    [Fact]
    public void Read_UnfinishedRun_CountsParametersAndOperations()
    {
        WriteRun("run", 2, [(1, 7), (2, 6), (4, 5)], """{"step": 6, "lo""");
        TrainingCurve curve = TrainingCurve.Read(_folder["run"]);
        // As training makes them: all but the sizes of the tokenizer and the depth by default.
        var sizes =
            new GeneratorConfig { LatentHeight = 4, LatentWidth = 4, LatentChannels = 4, CodebookSize = 16, ClassCount = 1, Depth = 2 };
        using var generator = new NvgGenerator(sizes, ParameterSource.Random(1));
        long structure = GeneratorParameters.OfStructure(generator), content = GeneratorParameters.OfContent(generator);
        Assert.Equal(generator.Parameters.ParameterCount, curve.Parameters);
        // 8 images a step, 16 positions, two stages of content and every stage of structure.
        Assert.Equal(4.0 * 8 * 6 * 16 * (2 * content + structure * sizes.StructureStageCount), curve.Points[^1].Compute);
        Assert.Equal(3, curve.Points.Count);
        // Two of the three steps that the points are at.
        Assert.Equal(curve.Points[1].Compute, curve.WarmupCompute);
        Assert.Equal(6, curve.FinalLoss);
    }

    [Fact]
    public void ScalingReport_RunsOfALaw_FindsTheLaw()
    {
        var law = new PowerLaw(2, 300, 0.4);
        TrainingCurve[] runs = [.. new[] { 1e6, 4e6, 2e7, 1e8 }.Select((n, i) => new TrainingCurve(
            $"r{i}", (long)n, [.. Enumerable.Repeat((1e12 * n, 99.0), 10), .. Enumerable.Repeat((2e12 * n, law.At(n)), 10)]))];
        var report = new ScalingReport(runs);
        Assert.Equal(0.4, report.OverParameters!.Law.Exponent, 1e-3);
        Assert.Equal(4, report.Envelope.Count(p => p.Y < 99));
        Assert.Equal(report.Envelope.Select(p => p.Y).OrderDescending(), report.Envelope.Select(p => p.Y));
        LinePlot[] plots = [.. report.Plots()];
        Assert.Equal(2, plots.Length);
        Assert.All(plots, p => Assert.NotEmpty(p.ToSvg().Elements("polyline")));
        Assert.Contains("no fit", ScalingReport.Describe(new ScalingReport(runs[..2]).OverParameters), StringComparison.Ordinal);
    }

    [Fact]
    public void Envelope_NoisyRun_FollowsItsMeans()
    {
        // Losses around 10, 9, … 1, each for ten lines that scatter by 3: single lines would put the envelope 3 below.
        (double, double)[] points = [.. Enumerable.Range(0, 100).Select(i => (i + 1.0, 10 - i / 10 + (i % 2 == 0 ? 3.0 : -3)))];
        var report = new ScalingReport([new TrainingCurve("r", 5, points)]);
        Assert.Equal(Enumerable.Range(0, 10).Select(i => (10 * i + 5.5, 10.0 - i)), report.Envelope);
    }

    [Fact]
    public void Smoothed_WarmupAndRest_AreLeftOut()
    {
        (double, double)[] points = [.. Enumerable.Range(1, 27).Select(i => ((double)i, i <= 4 ? 1000.0 : i <= 7 ? 500 : i <= 17 ? 4 : 2))];
        var curve = new TrainingCurve("r", 5, points) { WarmupCompute = 4 };
        // 23 lines after the warm-up: two windows from the end, three lines fill none.
        Assert.Equal([(12.5, 4), (22.5, 2)], curve.Smoothed());
        Assert.Equal(curve.FinalLoss, curve.Smoothed()[^1].Loss);
        // Too short for a window: one mean.
        Assert.Equal([(26, 2)], (curve with { WarmupCompute = 24 }).Smoothed());
        Assert.Empty((curve with { WarmupCompute = 27 }).Smoothed());
    }

    [Fact]
    public void Read_RunWithoutLosses_IsRefused()
    {
        WriteRun("run", 2, []);
        Assert.Contains(
            "stats.jsonl",
            Assert.Throws<NvgDataException>(() => TrainingCurve.Read(_folder["run"])).Message,
            StringComparison.Ordinal);
        Assert.Throws<NvgDataException>(() => TrainingCurve.Read(_folder["nowhere"]));
    }

    public void Dispose() => _folder.Dispose();

    private void WriteRun(string name, int depth, (int Step, double Loss)[] lines, string end = "")
    {
        _folder.Write($"{name}/options.json", System.Text.Encoding.UTF8.GetBytes($$"""
            { "name": "r", "tokenizer": "{{_folder["tokenizer"]}}", "depth": {{depth}}, "loss": { "contentStages": 2 },
              "training": { "steps": 9, "batchSize": 8, "warmupSteps": 2, "learningRate": 0.001 } }
            """));
        string text = string.Concat(lines.Select(l => $$"""{"step": {{l.Step}}, "loss": {{l.Loss}}}""" + "\n")) + end;
        _folder.Write($"{name}/stats.jsonl", System.Text.Encoding.UTF8.GetBytes(text));
    }
}
