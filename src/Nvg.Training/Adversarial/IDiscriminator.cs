using Nvg.Torch;
using Nvg.Training.Optimization;

namespace Nvg.Training.Adversarial;

/// <summary>A network that distinguishes real images from reconstructions.</summary>
internal interface IDiscriminator : IDisposable
{
    /// <summary>Fingerprint of the frozen weights; empty if there are none.</summary>
    string Fingerprint { get; }

    /// <summary>Logits, positive for real images; several per image.</summary>
    /// <param name="images_NCHW">Images in [−1, 1]; augmentation may exceed the range slightly.</param>
    /// <param name="training">Whether the discriminator learns in this pass.</param>
    /// <param name="random">Random choices, such as crops.</param>
    /// <returns>N × patches, float32.</returns>
    Tensor Forward(Tensor images_NCHW, bool training, HostRandom random);
}
