using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tokenizers.Layers;

/// <summary>Last layers of encoder and decoder: group norm, swish, 3 × 3 convolution. The output is float32.</summary>
internal sealed class OutputLayer(ParameterPath path, int inputChannels, int outputChannels, AutoencoderLayers layers)
{
    private readonly GroupNorm _norm = layers.Norm(path / "norm_out", inputChannels);
    private readonly Conv2d _conv = layers.Convolution(path / "conv_out", inputChannels, outputChannels, 3, padding: 1);

    internal Tensor Forward(Tensor x)
    {
        using Tensor output = LayerSequence.Run(x, [_norm.ForwardSwish, _conv.Forward]);
        return output.To(ScalarType.Float32);
    }
}
