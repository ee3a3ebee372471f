using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Optimization;

namespace Nvg.Training.Adversarial;

/// <summary>
/// A patch discriminator (Isola et al. 2017), which needs no pretrained weights: strided convolutions with a logit per overlapping
/// patch. Spectral normalisation replaces batch normalisation, so the logits of an image do not depend on its batch.
/// </summary>
internal sealed class PatchDiscriminator : IDiscriminator
{
    private const int KernelSize = 4, WidestFactor = 8;
    private const double Slope = 0.2;

    private readonly SpectralConv2d[] _convolutions;

    /// <param name="path">Path of the parameters, all of which are learned.</param>
    /// <param name="channels">Width of the first layer; it doubles per layer, up to eight times the first.</param>
    /// <param name="halvings">Number of layers that halve the image; two more layers keep its size.</param>
    internal PatchDiscriminator(ParameterPath path, int channels, int halvings)
    {
        int[] widths = [3, .. Enumerable.Range(0, halvings + 1).Select(i => channels * Math.Min(1 << i, WidestFactor)), 1];
        _convolutions = [.. Enumerable.Range(0, halvings + 2).Select(i =>
            new SpectralConv2d(path / i, widths[i], widths[i + 1], KernelSize, stride: i < halvings ? 2 : 1, padding: 1))];
    }

    /// <inheritdoc/>
    public string Fingerprint => "";

    /// <summary>Smallest image side with at least one logit.</summary>
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
        // All parameters belong to the store of the path.
    }
}
