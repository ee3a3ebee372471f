using Nvg.Torch;

namespace Nvg.Pretrained;

/// <summary>A distance between images in the feature space of a frozen network. Differentiable in the images.</summary>
public interface IPerceptualDistance : IDisposable
{
    /// <summary>Name for reports. Distances of different networks are not comparable.</summary>
    string Name { get; }

    /// <summary>Name and hash of the weights.</summary>
    string Fingerprint { get; }

    /// <summary>The distance of each pair of images.</summary>
    /// <param name="images_NCHW">N × 3 × H × W in [−1, 1]; borrowed.</param>
    /// <param name="originals_NCHW">The same shape; borrowed.</param>
    /// <returns>N distances, at least zero; gradients pass to both arguments.</returns>
    Tensor Forward(Tensor images_NCHW, Tensor originals_NCHW);
}
