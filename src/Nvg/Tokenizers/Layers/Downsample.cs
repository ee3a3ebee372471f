using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tokenizers.Layers;

/// <summary>Halves height and width: pads one column of zeros on the right and one row below, then a stride-2 convolution.</summary>
internal sealed class Downsample(ParameterPath path, int channels, AutoencoderLayers layers)
{
    private readonly Conv2d _conv = layers.Convolution(path / "conv", channels, channels, 3, stride: 2);

    internal Tensor Forward(Tensor x)
    {
        using Tensor padded = Functional.PadZeros(x, 0, 1, 0, 1);
        return _conv.Forward(padded);
    }
}
