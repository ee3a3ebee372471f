namespace Nvg.Evaluation.Distributions;

/// <summary>How samples are measured.</summary>
public sealed record SampleEvaluationOptions
{
    /// <summary>Which figures; <see cref="SampleMetrics.All"/> for all that are possible.</summary>
    public SampleMetrics Metrics { get; init; } = SampleMetrics.All;

    /// <summary>At most so many samples, chosen evenly, or null for all.</summary>
    public long? Limit { get; init; }

    /// <summary>At most so many images of the reference, chosen evenly, for what compares images one by one; the field's protocol has 10,000.</summary>
    public long ReferenceRows { get; init; } = 10_000;

    /// <summary>Images computed together.</summary>
    public int Batch { get; init; } = 32;

    /// <summary>Decides the subsets of the kernel distance.</summary>
    public ulong Seed { get; init; }

    /// <summary>File to keep the reference's statistics in, or null.</summary>
    public string? SaveReference { get; init; }
}
