using Nvg.Evaluation.Statistics;
using Nvg.Torch;

namespace Nvg.Evaluation.Metrics;

/// <summary>Features of a set of images. Owns its tensors; parts that were not requested are null.</summary>
public sealed record ExtractedFeatures : IDisposable
{
    /// <summary>Number of images, or null if a file does not specify it.</summary>
    public required long? Count { get; init; }

    /// <summary>Statistics of the pooled features.</summary>
    public GaussianStatistics? Pooled { get; init; }

    /// <summary>Statistics of the spatial features.</summary>
    public GaussianStatistics? Spatial { get; init; }

    /// <summary>The class score.</summary>
    public InceptionScore? Score { get; init; }

    /// <summary>Pooled features, float32, M × F: of all images, or of an evenly chosen subset.</summary>
    public Tensor? Rows_MF { get; init; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Pooled?.Dispose();
        Spatial?.Dispose();
        Rows_MF?.Dispose();
    }
}
