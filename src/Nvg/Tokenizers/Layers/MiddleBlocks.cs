using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tokenizers.Layers;

/// <summary>
/// Middle of encoder and decoder: two ResNet blocks at the coarsest resolution, with attention between them if the method uses it.
/// </summary>
internal sealed class MiddleBlocks(ParameterPath path, int channels, AutoencoderLayers layers)
{
    private readonly ResNetBlock _first = new(path / "block_1", channels, channels, layers);
    private readonly Func<Tensor, Tensor>? _attention = layers.Attention(path / "attn_1", channels);
    private readonly ResNetBlock _second = new(path / "block_2", channels, channels, layers);

    /// <summary>The layers in order.</summary>
    internal IEnumerable<Func<Tensor, Tensor>> Layers =>
        _attention is null ? [_first.Forward, _second.Forward] : [_first.Forward, _attention, _second.Forward];
}
