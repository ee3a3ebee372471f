using Nvg.Evaluation.Features;

namespace Nvg.Evaluation.Tests.Features;

public class MetricNamesTests
{
    [Theory]
    [InlineData("Inception-2015", 50_000, 50_000L, "FID", "sFID", "IS", "rFID")]
    [InlineData("Inception-2015", 10_000, null, "FID", "sFID", "IS", "rFID")]
    public void Names_PublishedProtocol_AreTheFields(string name, long samples, long? reference, string frechet, string spatial, string score, string reconstructions)
    {
        using var network = new ColourFeatures(name);
        Assert.Equal(frechet, MetricNames.FrechetDistance(network, samples, reference));
        Assert.Equal(spatial, MetricNames.SpatialFrechetDistance(network, samples, reference));
        Assert.Equal(score, MetricNames.InceptionScore(network, samples));
        Assert.Equal(reconstructions, MetricNames.OfReconstructions(MetricNames.FrechetDistance(network, samples, reference)));
        Assert.Equal("KID", MetricNames.KernelDistance(network));
    }

    [Theory]
    [InlineData("Inception-2015", 9_999, 50_000L)]
    [InlineData("Inception-2015", 50_000, 9_999L)]
    [InlineData("Inception-2015", 100, null)]
    [InlineData("cifar10-classifier", 50_000, 50_000L)]
    public void Names_AnythingElse_IsNamedAfterWhatItIs(string name, long samples, long? reference)
    {
        using var network = new ColourFeatures(name);
        string[] names =
        [
            MetricNames.FrechetDistance(network, samples, reference), MetricNames.SpatialFrechetDistance(network, samples, reference),
            MetricNames.OfReconstructions(MetricNames.FrechetDistance(network, samples, reference)),
        ];
        Assert.All(names, found => Assert.StartsWith("Fréchet distance (", found, StringComparison.Ordinal));
        Assert.All(names, found => Assert.Contains(name, found, StringComparison.Ordinal));
        Assert.NotEqual("IS", MetricNames.InceptionScore(network, Math.Min(samples, 9_999)));
    }

    [Fact]
    public void Names_OtherResize_CarryIt()
    {
        using var network = new ColourFeatures(MetricNames.Inception2015, otherResize: "clean");
        Assert.Equal("FID (clean resize)", MetricNames.FrechetDistance(network, 50_000, 50_000));
        Assert.Equal("sFID (clean resize)", MetricNames.SpatialFrechetDistance(network, 50_000, null));
        Assert.Equal("rFID (clean resize)", MetricNames.OfReconstructions(MetricNames.FrechetDistance(network, 50_000, 50_000)));
        Assert.Equal("IS (clean resize)", MetricNames.InceptionScore(network, 50_000));
        Assert.Equal("KID (clean resize)", MetricNames.KernelDistance(network));
        Assert.Equal("recall (clean resize)", MetricNames.OfManifolds("recall", network));
        Assert.All(
            [MetricNames.FrechetDistance(network, 100, 100), MetricNames.SpatialFrechetDistance(network, 100, 100), MetricNames.InceptionScore(network, 100)],
            name => Assert.Contains("clean resize", name, StringComparison.Ordinal));
    }
}
