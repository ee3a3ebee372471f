using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tokenizers.Layers;

/// <summary>
/// Layers of NVG's encoder and decoder: without attention; every convolution and norm is wrapped in its own module
/// (<c>conv1.conv.weight</c>, <c>norm1.norm.weight</c>).
/// </summary>
/// <param name="normGroups">Groups of the group normalisations.</param>
internal sealed class GranularityLayers(int normGroups) : AutoencoderLayers(normGroups)
{
    internal override Func<Tensor, Tensor>? Attention(ParameterPath path, int channels) => null;

    protected override ParameterPath ConvolutionPath(ParameterPath path) => path / "conv";

    protected override ParameterPath NormPath(ParameterPath path) => path / "norm";
}
