using Nvg.Torch;

namespace Nvg.Evaluation.Features;

/// <summary>
/// A fixed network whose activations describe images. Metrics are named after it: only those of Inception-2015 are called FID,
/// sFID, IS and KID; others are called "Fréchet distance (features of …)" and so on. See <see cref="PublishedProtocol"/>.
/// </summary>
public interface IFeatureNetwork : IDisposable
{
    /// <summary>Name of the network, such as <c>Inception-2015</c>.</summary>
    string Name { get; }

    /// <summary>
    /// Identity of everything that determines a feature: the weights and the resize. Stored statistics with another fingerprint
    /// are rejected.
    /// </summary>
    string Fingerprint { get; }

    /// <summary>How images are resized for the network, for display.</summary>
    string Preprocessing { get; }

    /// <summary>Name of a resize that differs from the published one, such as <c>clean</c>, or null; metric names include it.</summary>
    string? OtherResize { get; }

    /// <summary>Length of the pooled features (F).</summary>
    int FeatureSize { get; }

    /// <summary>Length of the spatial features for sFID (S), or 0 if there are none.</summary>
    int SpatialFeatureSize { get; }

    /// <summary>Number of classes (C), or 0 if there are no logits.</summary>
    int ClassCount { get; }

    /// <summary>Computes the features of a batch. The features of an image do not depend on its batch.</summary>
    /// <param name="images_NHWC">uint8, N × H × W × 3, RGB; on any device; borrowed.</param>
    /// <returns>The features; the caller disposes them.</returns>
    /// <exception cref="TorchArgumentException">The tensor has another type or shape.</exception>
    ImageFeatures Extract(Tensor images_NHWC);
}
