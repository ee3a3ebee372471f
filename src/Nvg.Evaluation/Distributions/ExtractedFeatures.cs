using Nvg.Evaluation.Metrics;
using Nvg.Torch;

namespace Nvg.Evaluation.Distributions;

/// <summary>What is known of the features of a set of images. Owns its tensors; parts that nobody asked for are null.</summary>
public sealed record ExtractedFeatures : IDisposable
{
    /// <summary>How many images, or null where a file does not say.</summary>
    public required long? Count { get; init; }

    /// <summary>Statistics of the pooled features.</summary>
    public GaussianStatistics? Pooled { get; init; }

    /// <summary>Statistics of the spatial features.</summary>
    public GaussianStatistics? Spatial { get; init; }

    /// <summary>The class score.</summary>
    public InceptionScore? Score { get; init; }

    /// <summary>Pooled features, float32, M × F: of all images, or of some that are evenly spread.</summary>
    public Tensor? Rows_MF { get; init; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Pooled?.Dispose();
        Spatial?.Dispose();
        Rows_MF?.Dispose();
    }
}
