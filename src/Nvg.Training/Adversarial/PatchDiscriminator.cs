using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Optimization;

namespace Nvg.Training.Adversarial;

/// <summary>
/// A discriminator of patches (Isola et al. 2017) that needs no foreign weights: strided convolutions, a logit for every
/// overlapping patch. Weights are spectrally normalised in place of batch norms, so that an image's logits do not
/// depend on its batch.
/// </summary>
internal sealed class PatchDiscriminator : IDiscriminator
{
    private const int KernelSize = 4, WidestFactor = 8;
    private const double Slope = 0.2;

    private readonly SpectralConv2d[] _convolutions;

    /// <param name="path">Place of the parameters, all of which are learned.</param>
    /// <param name="channels">Width of the first layer; it doubles per layer up to eightfold.</param>
    /// <param name="halvings">Layers that halve the image; two more do not.</param>
    internal PatchDiscriminator(ParameterPath path, int channels, int halvings)
    {
        int[] widths = [3, .. Enumerable.Range(0, halvings + 1).Select(i => channels * Math.Min(1 << i, WidestFactor)), 1];
        _convolutions = [.. Enumerable.Range(0, halvings + 2).Select(i =>
            new SpectralConv2d(path / i, widths[i], widths[i + 1], KernelSize, stride: i < halvings ? 2 : 1, padding: 1))];
    }

    /// <inheritdoc/>
    public string Fingerprint => "";

    /// <summary>The smallest image that such a discriminator gives a logit for.</summary>
    internal static int SmallestSide(int halvings) => 3 << halvings;

    /// <inheritdoc/>
    public Tensor Forward(Tensor images_NCHW, bool training, HostRandom random)
    {
        using var scope = new TensorScope();
        Tensor x = _convolutions[0].Forward(images_NCHW, training);
        foreach (SpectralConv2d convolution in _convolutions[1..])
            x = convolution.Forward(Functional.LeakyRelu(x, Slope), training);
        return scope.Keep(x.To(ScalarType.Float32).Reshape(images_NCHW.Size(0), -1));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // All parameters belong to the store that the path leads to.
    }
}
