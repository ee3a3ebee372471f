using Nvg.Evaluation.Metrics;

namespace Nvg.Evaluation.Distributions;

/// <summary>Settings of an evaluation of samples.</summary>
public sealed record SampleEvaluationOptions
{
    /// <summary>The metrics to compute; null for all that the feature network supports.</summary>
    public IReadOnlyList<SampleMetric>? Metrics { get; init; }

    /// <summary>Maximum number of samples, chosen evenly; null for all.</summary>
    public long? Limit { get; init; }

    /// <summary>
    /// Maximum number of reference images, chosen evenly, for metrics that compare single images; 10,000 is customary.
    /// </summary>
    public long ReferenceRows { get; init; } = 10_000;

    /// <summary>Images per batch of the feature network.</summary>
    public int Batch { get; init; } = 32;

    /// <summary>Seed of the random subsets of the kernel distance.</summary>
    public ulong Seed { get; init; }

    /// <summary>File in which to keep the statistics of the reference, or null.</summary>
    public string? SaveReference { get; init; }
}
