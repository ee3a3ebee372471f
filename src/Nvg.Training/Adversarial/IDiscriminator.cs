using Nvg.Torch;
using Nvg.Training.Optimization;

namespace Nvg.Training.Adversarial;

/// <summary>A network that tells real images from reconstructed ones.</summary>
internal interface IDiscriminator : IDisposable
{
    /// <summary>What identifies weights that are not learned; empty if there are none.</summary>
    string Fingerprint { get; }

    /// <summary>Logits, above zero for real, one for every part of an image.</summary>
    /// <param name="images_NCHW">In [−1, 1], or a little beyond.</param>
    /// <param name="training">Whether the discriminator itself learns in this pass.</param>
    /// <param name="random">Decides what the discriminator looks at.</param>
    /// <returns>N × parts, float32.</returns>
    Tensor Forward(Tensor images_NCHW, bool training, HostRandom random);
}
