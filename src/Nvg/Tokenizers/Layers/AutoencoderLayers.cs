using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tokenizers.Layers;

/// <summary>
/// Creates the layers of encoder and decoder. The published methods share the network; they differ in the names of its tensors
/// and in whether it attends, which is what an implementation decides.
/// </summary>
/// <param name="normGroups">Groups of the group normalisations.</param>
internal abstract class AutoencoderLayers(int normGroups)
{
    internal const double Epsilon = 1e-6;

    /// <summary>A convolution; <paramref name="path"/> is its place without what a method appends.</summary>
    internal Conv2d Convolution(
        ParameterPath path, int inputChannels, int outputChannels, int kernelSize, int stride = 1, int padding = 0) =>
        new(ConvolutionPath(path), inputChannels, outputChannels, kernelSize, stride, padding);

    /// <summary>A group normalisation.</summary>
    internal GroupNorm Norm(ParameterPath path, int channels) => new(NormPath(path), normGroups, channels, Epsilon);

    /// <summary>The attention at a place where a method may attend: after a block of the coarsest level, or in the middle.</summary>
    /// <returns>The layer, or null if the method does not attend.</returns>
    internal abstract Func<Tensor, Tensor>? Attention(ParameterPath path, int channels);

    /// <summary>Where the tensors of a convolution are.</summary>
    protected abstract ParameterPath ConvolutionPath(ParameterPath path);

    /// <summary>Where the tensors of a normalisation are.</summary>
    protected abstract ParameterPath NormPath(ParameterPath path);
}
