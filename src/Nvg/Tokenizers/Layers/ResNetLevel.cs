using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tokenizers.Layers;

/// <summary>One resolution level of the encoder or decoder: ResNet blocks, then an optional change of resolution.</summary>
internal sealed class ResNetLevel
{
    private readonly List<Func<Tensor, Tensor>> _layers = [];

    /// <param name="path">Path of the level; its blocks are below <c>block</c>.</param>
    /// <param name="inputChannels">Width of the input.</param>
    /// <param name="outputChannels">Width of every block's output.</param>
    /// <param name="blocks">Number of blocks.</param>
    /// <param name="layers">Creates the method's layers.</param>
    /// <param name="isCoarsest">Whether this is the coarsest level, where a method may use attention after every block.</param>
    internal ResNetLevel(
        ParameterPath path, int inputChannels, int outputChannels, int blocks, AutoencoderLayers layers, bool isCoarsest)
    {
        for (int block = 0; block < blocks; block++)
        {
            int input = block == 0 ? inputChannels : outputChannels;
            _layers.Add(new ResNetBlock(path / "block" / block, input, outputChannels, layers).Forward);
            if (isCoarsest && layers.Attention(path / "attn" / block, outputChannels) is { } attention)
                _layers.Add(attention);
        }
    }

    /// <summary>The layers in order.</summary>
    internal IReadOnlyList<Func<Tensor, Tensor>> Layers => _layers;

    /// <summary>Ends the level with a change of resolution.</summary>
    internal void Resample(Func<Tensor, Tensor> layer) => _layers.Add(layer);
}
