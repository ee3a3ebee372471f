using Nvg.Tokenizers.Layers;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Var.Tokenizers;

/// <summary>
/// Layers of VAR's encoder and decoder: attention at the coarsest level and in the middle; convolutions and norms have plain
/// names (<c>conv1.weight</c>, <c>norm1.weight</c>).
/// </summary>
/// <param name="normGroups">Groups of the group normalisations.</param>
internal sealed class ScaleLayers(int normGroups) : AutoencoderLayers(normGroups)
{
    internal override Func<Tensor, Tensor> Attention(ParameterPath path, int channels) => new MapAttention(path, channels, this).Forward;

    protected override ParameterPath ConvolutionPath(ParameterPath path) => path;

    protected override ParameterPath NormPath(ParameterPath path) => path;
}
