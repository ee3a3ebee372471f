using Nvg.Evaluation.Features;
using Nvg.Evaluation.Metrics;

namespace Nvg.Evaluation.Tests.Metrics;

public class MetricNameTests
{
    [Theory]
    [InlineData(50_000, 50_000L)]
    [InlineData(10_000, null)]
    public void Name_PublishedProtocol_IsTheShortName(long samples, long? reference)
    {
        using var network = new ColourFeatures(PublishedProtocol.Network);
        Assert.Equal("FID", FrechetDistanceMetric.Pooled.Name(network, samples, reference));
        Assert.Equal("sFID", FrechetDistanceMetric.Spatial.Name(network, samples, reference));
        Assert.Equal("rFID", FrechetDistanceMetric.Pooled.ReconstructionName(network, samples));
        Assert.Equal("IS", InceptionScoreMetric.Name(network, samples));
        Assert.Equal("KID", KernelDistanceMetric.Name(network));
    }

    [Theory]
    [InlineData("Inception-2015", 9_999, 50_000L)]
    [InlineData("Inception-2015", 50_000, 9_999L)]
    [InlineData("Inception-2015", 100, null)]
    [InlineData("cifar10-classifier", 50_000, 50_000L)]
    public void Name_OtherwiseThanPublished_DescribesTheMetric(string name, long samples, long? reference)
    {
        using var network = new ColourFeatures(name);
        string[] names = [
            FrechetDistanceMetric.Pooled.Name(network, samples, reference),
            FrechetDistanceMetric.Spatial.Name(network, samples, reference)];
        Assert.All(names, found => Assert.StartsWith("Fréchet distance (", found, StringComparison.Ordinal));
        Assert.All(names, found => Assert.Contains(name, found, StringComparison.Ordinal));
        Assert.NotEqual("IS", InceptionScoreMetric.Name(network, Math.Min(samples, 9_999)));
        string reconstructions = FrechetDistanceMetric.Pooled.ReconstructionName(network, 100);
        Assert.StartsWith("Fréchet distance (", reconstructions, StringComparison.Ordinal);
        Assert.EndsWith(" of reconstructions", reconstructions, StringComparison.Ordinal);
    }

    [Fact]
    public void Name_OtherResize_IncludesIt()
    {
        using var network = new ColourFeatures(PublishedProtocol.Network, otherResize: "clean");
        Assert.Equal("FID (clean resize)", FrechetDistanceMetric.Pooled.Name(network, 50_000, 50_000));
        Assert.Equal("sFID (clean resize)", FrechetDistanceMetric.Spatial.Name(network, 50_000, null));
        Assert.Equal("rFID (clean resize)", FrechetDistanceMetric.Pooled.ReconstructionName(network, 50_000));
        Assert.Equal("IS (clean resize)", InceptionScoreMetric.Name(network, 50_000));
        Assert.Equal("KID (clean resize)", KernelDistanceMetric.Name(network));
        Assert.Equal("recall (clean resize)", PrecisionRecallMetric.Name("recall", network));
        Assert.All(
            [
                FrechetDistanceMetric.Pooled.Name(network, 100, 100), FrechetDistanceMetric.Spatial.Name(network, 100, 100),
                InceptionScoreMetric.Name(network, 100)],
            name => Assert.Contains("clean resize", name, StringComparison.Ordinal));
    }

    [Fact]
    public void Parse_Ids_FindsEveryMetricOnce()
    {
        Assert.Equal(SampleMetric.All.Count, SampleMetric.All.Select(m => m.Id).Distinct().Count());
        Assert.All(SampleMetric.All, m => Assert.Equal([m], SampleMetric.Parse(m.Id.ToUpperInvariant())));
        Assert.Equal(SampleMetric.All, SampleMetric.Parse("fid,all"));
        Assert.Equal(["fid", "kid"], SampleMetric.Parse("kid, fid").Select(m => m.Id));
        Assert.Contains("'fed'", Assert.Throws<FormatException>(() => SampleMetric.Parse("fid,fed")).Message, StringComparison.Ordinal);
        Assert.Contains("'fed'", Assert.Throws<FormatException>(() => SampleMetric.Parse("all,fed")).Message, StringComparison.Ordinal);
        Assert.Throws<FormatException>(() => SampleMetric.Parse(","));
    }
}
