using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tokenizers.Layers;

/// <summary>Doubles height and width: nearest-neighbour upsampling, then a 3 × 3 convolution.</summary>
internal sealed class Upsample(ParameterPath path, int channels, AutoencoderLayers layers)
{
    private readonly Conv2d _conv = layers.Convolution(path / "conv", channels, channels, 3, padding: 1);

    internal Tensor Forward(Tensor x)
    {
        using Tensor larger = Functional.UpsampleNearest(x, 2);
        return _conv.Forward(larger);
    }
}
