using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tokenizers.Layers;

/// <summary>
/// Creates the layers of encoder and decoder. The published methods share the network architecture. They differ in tensor names and in
/// whether attention is used; each implementation defines these.
/// </summary>
/// <param name="normGroups">Groups of the group normalisations.</param>
internal abstract class AutoencoderLayers(int normGroups)
{
    internal const double Epsilon = 1e-6;

    /// <summary>Creates a convolution; <paramref name="path"/> is its path without the suffix that a method appends.</summary>
    internal Conv2d Convolution(
        ParameterPath path, int inputChannels, int outputChannels, int kernelSize, int stride = 1, int padding = 0) =>
        new(ConvolutionPath(path), inputChannels, outputChannels, kernelSize, stride, padding);

    /// <summary>Creates a group normalisation.</summary>
    internal GroupNorm Norm(ParameterPath path, int channels) => new(NormPath(path), normGroups, channels, Epsilon);

    /// <summary>Creates the attention layer where a method may have one: after a block of the coarsest level, or in the middle.</summary>
    /// <returns>The layer, or null if the method does not use attention.</returns>
    internal abstract Func<Tensor, Tensor>? Attention(ParameterPath path, int channels);

    /// <summary>Path of the tensors of a convolution.</summary>
    protected abstract ParameterPath ConvolutionPath(ParameterPath path);

    /// <summary>Path of the tensors of a normalisation.</summary>
    protected abstract ParameterPath NormPath(ParameterPath path);
}
