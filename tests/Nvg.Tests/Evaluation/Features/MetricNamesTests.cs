using Nvg.Evaluation.Features;

namespace Nvg.Tests.Evaluation.Features;

public class MetricNamesTests
{
    [Theory]
    [InlineData("Inception-2015", 50_000, 50_000L, "FID", "sFID", "IS", "rFID")]
    [InlineData("Inception-2015", 10_000, null, "FID", "sFID", "IS", "rFID")]
    public void Names_PublishedProtocol_AreTheFields(string network, long samples, long? reference, string frechet, string spatial, string score, string reconstructions)
    {
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
    public void Names_AnythingElse_IsNamedAfterWhatItIs(string network, long samples, long? reference)
    {
        string[] names =
        [
            MetricNames.FrechetDistance(network, samples, reference), MetricNames.SpatialFrechetDistance(network, samples, reference),
            MetricNames.OfReconstructions(MetricNames.FrechetDistance(network, samples, reference)),
        ];
        Assert.All(names, name => Assert.StartsWith("Fréchet distance (", name, StringComparison.Ordinal));
        Assert.All(names, name => Assert.Contains(network, name, StringComparison.Ordinal));
        Assert.NotEqual("IS", MetricNames.InceptionScore(network, Math.Min(samples, 9_999)));
    }
}
