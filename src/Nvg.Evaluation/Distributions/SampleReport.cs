using Nvg.Evaluation.Metrics;

namespace Nvg.Evaluation.Distributions;

/// <summary>Metrics of a set of samples, with everything that they depend on.</summary>
public sealed record SampleReport
{
    /// <summary>Path of the samples.</summary>
    public required string Samples { get; init; }

    /// <summary>Number of samples measured.</summary>
    public required long Count { get; init; }

    /// <summary>Width of each image in pixels.</summary>
    public required int Width { get; init; }

    /// <summary>Height of each image in pixels.</summary>
    public required int Height { get; init; }

    /// <summary>Path of the reference.</summary>
    public required string Reference { get; init; }

    /// <summary>Which parts of the reference were used, for display.</summary>
    public required string ReferenceDescription { get; init; }

    /// <summary>Number of reference images, or null if the file of the reference does not specify it.</summary>
    public required long? ReferenceCount { get; init; }

    /// <summary>Name of the feature network.</summary>
    public required string Network { get; init; }

    /// <summary>Identity of the weights and the resize that determine the features.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>How images are resized for the feature network.</summary>
    public required string Preprocessing { get; init; }

    /// <summary>The values.</summary>
    public required IReadOnlyList<MetricValue> Metrics { get; init; }

    /// <summary>What a reader must know to compare the values.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>Samples per second through the feature network.</summary>
    public required double ImagesPerSecond { get; init; }

    /// <summary>Duration of the evaluation in seconds.</summary>
    public required double Seconds { get; init; }
}
