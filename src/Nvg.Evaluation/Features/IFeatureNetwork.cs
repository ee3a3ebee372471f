using Nvg.Torch;

namespace Nvg.Evaluation.Features;

/// <summary>
/// A fixed network whose inner activations describe images. Distances between sets of images are named after it:
/// only those of Inception-2015 are called FID, sFID, IS and KID, all others
/// "Fréchet distance (features of …)" and the like, see <see cref="MetricNames"/>.
/// </summary>
public interface IFeatureNetwork : IDisposable
{
    /// <summary>What the figures are named after, for example <c>Inception-2015</c>.</summary>
    string Name { get; }

    /// <summary>
    /// One text for all that decides a feature: the weights and how images are resized. Cached statistics of another
    /// fingerprint are refused.
    /// </summary>
    string Fingerprint { get; }

    /// <summary>How images are brought to the size of the network, in words for a report.</summary>
    string Preprocessing { get; }

    /// <summary>The word for a resize that published figures are not measured with, such as <c>clean</c>, or null; names of figures carry it.</summary>
    string? OtherResize { get; }

    /// <summary>Length F of the pooled features.</summary>
    int FeatureSize { get; }

    /// <summary>Length S of the spatial features (sFID), or 0 where there are none.</summary>
    int SpatialFeatureSize { get; }

    /// <summary>Number of classes C whose logits come out, or 0 where there are none.</summary>
    int ClassCount { get; }

    /// <summary>Computes the features of a batch. An image's features do not depend on the batch it is in.</summary>
    /// <param name="images_NHWC">uint8, N × rows × columns × 3, RGB; on any device, borrowed.</param>
    /// <returns>The features; the caller disposes them.</returns>
    /// <exception cref="TorchArgumentException">The tensor is of another kind.</exception>
    ImageFeatures Extract(Tensor images_NHWC);
}
