using Nvg.Evaluation.Features;
using Nvg.Evaluation.Statistics;

namespace Nvg.Evaluation.Metrics;

/// <summary>The Inception score of the samples, without a reference.</summary>
public sealed class InceptionScoreMetric : SampleMetric
{
    /// <inheritdoc/>
    public override string Id => "is";

    /// <inheritdoc/>
    public override string Summary => "Inception score";

    /// <inheritdoc/>
    public override FeatureNeeds Needs => new(Score: true);

    /// <inheritdoc/>
    public override bool UsesReference => false;

    /// <summary>The name for this number of images: IS if the published protocol is met.</summary>
    /// <param name="network">The network whose classes are scored.</param>
    /// <param name="samples">Number of images.</param>
    public static string Name(IFeatureNetwork network, long samples) =>
        (PublishedProtocol.Covers(network), samples >= PublishedProtocol.MinimumImages) switch
        {
            (true, true) => PublishedProtocol.WithResize("IS", network),
            (true, false) => $"Inception score ({PublishedProtocol.ResizePrefix(network)}{samples:N0} images, too few for IS, which needs "
                + $"{PublishedProtocol.MinimumImages:N0})",
            _ => $"class score (classes of {network.Name})",
        };

    /// <inheritdoc/>
    public override IEnumerable<MetricValue> Compute(MetricContext context)
    {
        InceptionScore score = context.Samples.Score!.Value;
        yield return new MetricValue(
            "classScore", Name(context.Network, context.SampleCount), score.Mean, score.Splits > 1
                ? score.StandardDeviation : null, LowerIsBetter: false);
    }

    /// <inheritdoc/>
    public override IEnumerable<string> Notes(MetricContext context)
    {
        string order = context.SamplesAreSortedByClass
            ? "in shuffled order, because the images are stored class by class"
            : "in file order, which should mix the classes";
        yield return $"the class score is the mean over splits of {InceptionScoreAccumulator.CustomarySplitSize:N0} images, {order}";
    }
}
