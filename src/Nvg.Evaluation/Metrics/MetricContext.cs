using Nvg.Evaluation.Features;

namespace Nvg.Evaluation.Metrics;

/// <summary>The input of a metric.</summary>
/// <param name="Network">The feature network; borrowed.</param>
/// <param name="Samples">Features of the samples; borrowed.</param>
/// <param name="Reference">Features of the reference; borrowed.</param>
public sealed record MetricContext(IFeatureNetwork Network, ExtractedFeatures Samples, ExtractedFeatures Reference)
{
    /// <summary>Whether the samples are stored class by class, so that splits must be taken in shuffled order.</summary>
    public bool SamplesAreSortedByClass { get; init; }

    /// <summary>Seed of the random subsets of the kernel distance.</summary>
    public ulong Seed { get; init; }

    /// <summary>Checked between tiles, subsets and factorisations.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>Number of samples.</summary>
    public long SampleCount => Samples.Count ?? throw new InvalidOperationException("the number of samples is unknown");

    /// <summary>Number of reference images, or null if the file of the reference does not specify it.</summary>
    public long? ReferenceCount => Reference.Count;

    /// <summary>Number of reference images whose features are compared individually.</summary>
    public long ReferenceRows => Reference.Rows_MF?.Size(0) ?? 0;
}
