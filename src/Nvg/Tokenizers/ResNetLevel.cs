using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tokenizers;

/// <summary>One resolution level of the encoder or decoder: ResNet blocks, then an optional change of resolution.</summary>
internal sealed class ResNetLevel
{
    private readonly List<Func<Tensor, Tensor>> _layers = [];

    /// <param name="path">Path of the level; its blocks are below <c>block</c>.</param>
    /// <param name="inputChannels">Width of the input.</param>
    /// <param name="outputChannels">Width of every block's output.</param>
    /// <param name="blocks">Number of blocks.</param>
    /// <param name="normGroups">Groups of the group norms.</param>
    internal ResNetLevel(ParameterPath path, int inputChannels, int outputChannels, int blocks, int normGroups)
    {
        for (int block = 0; block < blocks; block++)
        {
            int input = block == 0 ? inputChannels : outputChannels;
            _layers.Add(new ResNetBlock(path / "block" / block, input, outputChannels, normGroups).Forward);
        }
    }

    /// <summary>The layers in order.</summary>
    internal IReadOnlyList<Func<Tensor, Tensor>> Layers => _layers;

    /// <summary>Ends the level with a change of resolution.</summary>
    internal void Resample(Func<Tensor, Tensor> layer) => _layers.Add(layer);
}
