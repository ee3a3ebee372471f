namespace Nvg.Evaluation.Distributions;

/// <summary>Figures of samples, with all that they depend on.</summary>
public sealed record SampleReport
{
    /// <summary>Where the samples lie.</summary>
    public required string Samples { get; init; }

    /// <summary>How many were measured.</summary>
    public required long Count { get; init; }

    /// <summary>Columns of each.</summary>
    public required int Width { get; init; }

    /// <summary>Rows of each.</summary>
    public required int Height { get; init; }

    /// <summary>Where the reference lies.</summary>
    public required string Reference { get; init; }

    /// <summary>What of it was used, in words.</summary>
    public required string ReferenceDescription { get; init; }

    /// <summary>Images of the reference, or null where its file does not say.</summary>
    public required long? ReferenceCount { get; init; }

    /// <summary>The feature network.</summary>
    public required string Network { get; init; }

    /// <summary>All that decides its features.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>How images came to its size.</summary>
    public required string Preprocessing { get; init; }

    /// <summary>The figures.</summary>
    public required IReadOnlyList<MetricValue> Metrics { get; init; }

    /// <summary>What a reader must know to compare them.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>Samples through the feature network per second.</summary>
    public required double ImagesPerSecond { get; init; }

    /// <summary>The whole evaluation.</summary>
    public required double Seconds { get; init; }
}
