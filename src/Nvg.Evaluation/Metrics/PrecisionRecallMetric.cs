using Nvg.Evaluation.Features;
using Nvg.Evaluation.Statistics;

namespace Nvg.Evaluation.Metrics;

/// <summary>Precision, recall, density and coverage of the samples' feature manifold.</summary>
public sealed class PrecisionRecallMetric : SampleMetric
{
    // 50,000 samples against 10,000 images are customary. With far fewer, the balls are larger and the values depend on the counts.
    private const long CustomaryMinimum = 5000;

    /// <inheritdoc/>
    public override string Id => "pr";

    /// <inheritdoc/>
    public override string Summary => "precision, recall, density and coverage";

    /// <inheritdoc/>
    public override FeatureNeeds Needs => new(Rows: long.MaxValue);

    /// <inheritdoc/>
    public override int MinimumImages => ManifoldOverlap.MinimumVectors;

    /// <summary>The name of one of the four values.</summary>
    /// <param name="value">Such as <c>recall</c>.</param>
    /// <param name="network">The feature network.</param>
    public static string Name(string value, IFeatureNetwork network) => PublishedProtocol.Name(value, value, network);

    /// <inheritdoc/>
    public override IEnumerable<MetricValue> Compute(MetricContext context)
    {
        ManifoldOverlap overlap = ManifoldOverlap.Of(context.Reference.Rows_MF!, context.Samples.Rows_MF!, context.Cancellation);
        return [Value("precision", overlap.Precision), Value("recall", overlap.Recall), Value("density", overlap.Density),
            Value("coverage", overlap.Coverage)];

        MetricValue Value(string key, double value) => new(key, Name(key, context.Network), value, null, LowerIsBetter: false);
    }

    /// <inheritdoc/>
    public override IEnumerable<string> Notes(MetricContext context)
    {
        yield return RowNote(context);
        if (Math.Min(context.SampleCount, context.ReferenceRows) < CustomaryMinimum)
        {
            yield return $"precision, recall, density and coverage of {context.SampleCount:N0} samples and {context.ReferenceRows:N0} "
                + "images of the reference: "
                + $"below {CustomaryMinimum:N0} of either, compare them only with values of the same numbers of images";
        }
    }
}
