using Nvg.Data.Loading;
using Nvg.Evaluation.Distributions;
using Nvg.Evaluation.Features;
using Nvg.Evaluation.Metrics;
using Nvg.Evaluation.Statistics;
using Nvg.Imaging;
using Nvg.Imaging.Npz;
using Nvg.Torch;
using Nvg.Torch.Files.Npy;

namespace Nvg.Evaluation.Tests.Distributions;

[Collection(RunsAlone.Name), NoTensorLeaks]
public sealed class SampleEvaluationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Run_ImagesOfKnownColours_IsFrechetDistanceOfColours()
    {
        string samples = Write("a.npz", Coloured(20, 1)), reference = Write("b.npz", Coloured(30, 2));
        SampleReport report = Evaluate(samples, reference);
        using Tensor a = Colours(Coloured(20, 1)), b = Colours(Coloured(30, 2));
        using GaussianStatistics first = GaussianStatistics.Of(a), second = GaussianStatistics.Of(b);
        Assert.Equal(FrechetDistance.Between(first, second).Value, Value(report, "frechetDistance"), 1e-6);
        // Every image has one colour, so its upper half is as the whole.
        Assert.Equal(Value(report, "frechetDistance"), Value(report, "spatialFrechetDistance"), 1e-6);
        Assert.Equal(ManifoldOverlap.Of(b, a).Precision, Value(report, "precision"));
        Assert.Equal(
            [
                "frechetDistance", "spatialFrechetDistance", "classScore", "precision", "recall", "density", "coverage", "kernelDistance"],
                report.Metrics.Select(m => m.Key));
        Assert.All(report.Metrics, m => Assert.Contains("colours", m.Name, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(64)]
    public void Run_AnyBatchSize_GivesTheSameFigures(int batch)
    {
        string samples = Write("a.npz", Coloured(20, 1)), reference = Write("b.npz", Coloured(30, 2));
        SampleReport expected = Evaluate(samples, reference), actual = Evaluate(samples, reference, batch: batch);
        Assert.Equal(
            expected.Metrics.Select(m => m.Value), actual.Metrics.Select(m => m.Value),
            (x, y) => Math.Abs(x - y) <= 1e-9 * Math.Max(1, Math.Abs(x)));
    }

    [Fact]
    public void Run_ImagesInAnotherOrder_GivesTheSameFigures()
    {
        RgbImage[] images = Coloured(24, 1);
        string reference = Write("b.npz", Coloured(30, 2));
        SampleReport expected = Evaluate(Write("a.npz", images), reference), actual = Evaluate(
            Write("c.npz", [.. images.Reverse()]), reference);
        foreach (string key in new[] { "frechetDistance", "precision", "recall", "density", "coverage", "classScore" })
            Assert.Equal(Value(expected, key), Value(actual, key), 1e-9);
    }

    [Fact]
    public void Run_SavedReference_GivesTheSameFigures()
    {
        string samples = Write("a.npz", Coloured(20, 1)), reference = Write("b.npz", Coloured(30, 2));
        SampleReport first = Evaluate(samples, reference, save: _folder["statistics.npz"]), again = Evaluate(
            samples, _folder["statistics.npz"]);
        Assert.Equal(first.Metrics, again.Metrics);
        Assert.Equal(30, again.ReferenceCount);
        Assert.Equal("stored statistics of 30 images", again.ReferenceDescription);
        Assert.Contains("not of these weights", Refusal(
            samples, _folder["statistics.npz"], new ColourFeatures(fingerprint: "colours 2")), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_FieldsReference_TakesStatisticsOfItAndFeaturesOfItsImages()
    {
        RgbImage[] images = Coloured(30, 2);
        using (var writer = new NpzImageWriter(_folder["plain.npz"], 30, 4, 4))
        {
            Array.ForEach(images, writer.Append);
            writer.Complete();
        }

        // Statistics that are not of these images, as in the field's files: of the whole training set.
        double[] covariance = [1, 0, 0, 0, 1, 0, 0, 0, 1];
        byte[] bytes = [.. images.SelectMany(p => p.Pixels)];
        NpzFile.Write(_folder["field.npz"],
        [
            new("arr_0", NpyArray.Of(bytes, 30, 4, 4, 3)), new("mu", NpyArray.Of(new double[] { 5, 5, 5 }, 3)), new(
                "sigma", NpyArray.Of(covariance, 3, 3)),
        ]);
        string samples = Write("a.npz", Coloured(20, 1));
        var options = new SampleEvaluationOptions { Metrics = SampleMetric.Parse("fid,pr") };
        using var network = new ColourFeatures(PublishedProtocol.Network);
        SampleReport report = SampleEvaluation.Run(network, ImageSet.Open(samples), SampleReference.Open(_folder["field.npz"]), options);
        Assert.InRange(Value(report, "frechetDistance"), 50, 90);
        Assert.Equal(Value(Evaluate(samples, _folder["plain.npz"]), "recall"), Value(report, "recall"));
        Assert.Null(report.ReferenceCount);
        Assert.Contains("too few for FID", report.Metrics[0].Name, StringComparison.Ordinal);
        Assert.Contains(
            "does not describe its statistics", Refusal(samples, _folder["field.npz"], new ColourFeatures()), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_SaveOfStoredStatistics_IsRefusedBeforeTheWork()
    {
        string samples = Write("a.npz", Coloured(20, 1));
        byte[] bytes = [.. Coloured(30, 2).SelectMany(p => p.Pixels)];
        KeyValuePair<string, NpyArray>[] statistics = [
            new("mu", NpyArray.Of(new double[3], 3)), new("sigma", NpyArray.Of(new double[] { 1, 0, 0, 0, 1, 0, 0, 0, 1 }, 3, 3))];
        NpzFile.Write(_folder["field.npz"], [new("arr_0", NpyArray.Of(bytes, 30, 4, 4, 3)), .. statistics]);
        NpzFile.Write(_folder["alone.npz"], statistics);
        // Features that would be refused as soon as they were computed.
        using var network = new ColourFeatures(PublishedProtocol.Network, broken: double.NaN);
        foreach (string reference in new[] { _folder["field.npz"], _folder["alone.npz"] })
        {
            string message = Assert.Throws<NvgDataException>(() => SampleEvaluation.Run(
                network, ImageSet.Open(samples), SampleReference.Open(reference),
                new SampleEvaluationOptions { SaveReference = _folder["out.npz"] })).Message;
            Assert.Contains("already holds statistics", message, StringComparison.Ordinal);
            Assert.False(File.Exists(_folder["out.npz"]));
        }
    }

    [Theory]
    [InlineData("pr", false)]
    [InlineData("fid", true)]
    public void Notes_BiasOfTheFrechetDistance_AppearsOnlyWithIt(string metrics, bool expected)
    {
        string samples = Write("a.npz", Coloured(20, 1)), reference = Write("b.npz", Coloured(30, 2));
        using var network = new ColourFeatures();
        SampleReport report = SampleEvaluation.Run(
            network, ImageSet.Open(samples), SampleReference.Open(reference),
            new SampleEvaluationOptions { Metrics = SampleMetric.Parse(metrics) });
        Assert.Equal(expected, report.Notes.Any(n => n.Contains("Fréchet", StringComparison.Ordinal)));
    }

    [Fact]
    public void Run_StatisticsAlone_CannotGivePrecision()
    {
        string samples = Write("a.npz", Coloured(20, 1));
        NpzFile.Write(_folder["s.npz"], [new("mu", NpyArray.Of(new double[3], 3)), new("sigma", NpyArray.Of(new double[9], 3, 3))]);
        Assert.Contains(
            "--metrics", Refusal(samples, _folder["s.npz"], new ColourFeatures(PublishedProtocol.Network)), StringComparison.Ordinal);
        NpzFile.Write(_folder["t.npz"], [new("mu", NpyArray.Of(new double[4], 4)), new("sigma", NpyArray.Of(new double[16], 4, 4))]);
        Assert.Contains("the network has 3 features", Refusal(
            samples, _folder["t.npz"], new ColourFeatures(PublishedProtocol.Network)), StringComparison.Ordinal);
        NpzFile.Write(
            _folder["u.npz"], [new("mu", NpyArray.Of(new[] { 0, double.NaN, 0 }, 3)), new("sigma", NpyArray.Of(new double[9], 3, 3))]);
        Assert.Contains("u.npz: mu and sigma: mean or covariance", Refusal(
            samples, _folder["u.npz"], new ColourFeatures(PublishedProtocol.Network)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new double[] { -1, 0, 0, 0, 1, 0, 0, 0, 1 }, "negative variance")]
    [InlineData(new double[] { 1, 9, 0, 0, 1, 0, 0, 0, 1 }, "not symmetric")]
    [InlineData(new double[] { 1, 2, 0, 2, 1, 0, 0, 0, 1 }, "direction of negative variance")]
    public void Run_StoredMatrixThatIsNoCovariance_NamesTheFile(double[] sigma, string reason)
    {
        string samples = Write("a.npz", Coloured(20, 1));
        NpzFile.Write(_folder["s.npz"], [new("mu", NpyArray.Of(new double[3], 3)), new("sigma", NpyArray.Of(sigma, 3, 3))]);
        string message = Refusal(samples, _folder["s.npz"], new ColourFeatures(PublishedProtocol.Network));
        Assert.Contains("s.npz: mu and sigma", message, StringComparison.Ordinal);
        Assert.Contains(reason, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_StoredFeaturesNotFinite_NamesFileAndRow()
    {
        string samples = Write("a.npz", Coloured(20, 1));
        float[] features = new float[30];
        features[3 * 7 + 1] = float.PositiveInfinity;
        NpzFile.Write(_folder["s.npz"],
        [
            new("mu", NpyArray.Of(new double[3], 3)), new("sigma", NpyArray.Of(new double[] { 1, 0, 0, 0, 1, 0, 0, 0, 1 }, 3, 3)), new(
                "features", NpyArray.Of(features, 10, 3)),
        ]);
        Assert.Contains("s.npz: row 7 of features", Refusal(
            samples, _folder["s.npz"], new ColourFeatures(PublishedProtocol.Network)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(5, 30, "pr", "a.npz: 5 images")]
    [InlineData(30, 5, "pr", "b.npz: 5 images")]
    [InlineData(1, 30, "fid", "a.npz: 1 images")]
    [InlineData(30, 1, "fid", "b.npz: 1 images")]
    [InlineData(1, 30, "kid", "a.npz: 1 images")]
    public void Run_TooFewImages_IsRefusedBeforeTheWork(int samples, int reference, string metrics, string named)
    {
        // Features that would be refused as soon as they were computed.
        using var network = new ColourFeatures(broken: double.NaN);
        ImageSet few = ImageSet.Open(Write("a.npz", Coloured(samples, 1)));
        SampleReference against = SampleReference.Open(Write("b.npz", Coloured(reference, 2)));
        string message = Assert.Throws<NvgDataException>(() => SampleEvaluation.Run(
            network, few, against, new SampleEvaluationOptions { Metrics = SampleMetric.Parse(metrics) })).Message;
        Assert.Contains(named, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Notes_FewImages_SayWhatDependsOnTheirNumber()
    {
        SampleReport equal = Evaluate(Write("a.npz", Coloured(20, 1)), Write("b.npz", Coloured(20, 2)));
        Assert.Contains(equal.Notes, n => n.StartsWith("20 samples: compare the Fréchet distance only", StringComparison.Ordinal));
        Assert.Contains(equal.Notes, n => n.StartsWith(
            "precision, recall, density and coverage of 20 samples and 20 images", StringComparison.Ordinal));
        string kernel = Assert.Single(equal.Notes, n => n.StartsWith("the kernel distance", StringComparison.Ordinal));
        Assert.Contains("uses all 20 images of both sides at once", kernel, StringComparison.Ordinal);
        Assert.EndsWith("; subsets of 1,000 are customary", kernel, StringComparison.Ordinal);
        Assert.Null(equal.Metrics.Single(m => m.Key == "kernelDistance").Spread);
        // The reference is the smaller side.
        SampleReport smaller = Evaluate(Write("c.npz", Coloured(30, 1)), Write("d.npz", Coloured(10, 2)));
        Assert.Contains(
            smaller.Notes, n => n.StartsWith("10 images of the reference: compare the Fréchet distance only", StringComparison.Ordinal));
        Assert.Contains("the kernel distance uses subsets of 10 images; subsets of 1,000 are customary", smaller.Notes);
        Assert.NotNull(smaller.Metrics.Single(m => m.Key == "kernelDistance").Spread);
    }

    [Fact]
    public void Run_BrokenFeatures_NamesTheImage()
    {
        string samples = Write("a.npz", Coloured(20, 1)), reference = Write("b.npz", Coloured(30, 2));
        Assert.Contains(
            "image 0 are not finite", Refusal(samples, reference, new ColourFeatures(broken: double.NaN)), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_Limits_SpreadOverAllImages()
    {
        string samples = Write("a.npz", Coloured(20, 1)), reference = Write("b.npz", Coloured(30, 2));
        using var network = new ColourFeatures();
        SampleReport report = SampleEvaluation.Run(
            network, ImageSet.Open(samples), SampleReference.Open(reference),
            new SampleEvaluationOptions { Limit = 10, ReferenceRows = 15 });
        Assert.Equal(10, report.Count);
        Assert.Contains(report.Notes, n => n.Contains("single images use 15 images", StringComparison.Ordinal));
    }

    private static SampleReport Evaluate(string samples, string reference, int batch = 32, string? save = null)
    {
        using var network = new ColourFeatures();
        return SampleEvaluation.Run(
            network, ImageSet.Open(samples), SampleReference.Open(reference),
            new SampleEvaluationOptions { Batch = batch, SaveReference = save });
    }

    private static string Refusal(string samples, string reference, ColourFeatures network) => Assert.Throws<NvgDataException>(
        () => SampleEvaluation.Run(
            network, ImageSet.Open(samples), SampleReference.Open(reference), new SampleEvaluationOptions())).Message;

    private static double Value(SampleReport report, string key) => report.Metrics.Single(m => m.Key == key).Value;

    private string Write(string name, RgbImage[] images)
    {
        using var writer = new NpzImageWriter(_folder[name], images.Length, images[0].Width, images[0].Height);
        Array.ForEach(images, writer.Append);
        writer.Complete();
        return _folder[name];
    }

    private static RgbImage[] Coloured(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            byte[] colour = new byte[3];
            random.NextBytes(colour);
            return new RgbImage(4, 4, [.. Enumerable.Repeat(colour, 16).SelectMany(c => c)]);
        })];
    }

    private static Tensor Colours(RgbImage[] images) =>
        Tensor.From([.. images.SelectMany(p => p.Pixels.Take(3)).Select(v => v / 255f)], images.Length, 3);
}
