using Nvg.Torch;

namespace Nvg.Tokenizers.Layers;

/// <summary>Runs layers one after another.</summary>
internal static class LayerSequence
{
    /// <summary>
    /// Returns the output of the last layer. Feature maps of large images take tens of megabytes, so each is disposed as soon as the next
    /// one exists.
    /// </summary>
    /// <param name="input">Input of the first layer; borrowed.</param>
    /// <param name="layers">Each returns a new tensor.</param>
    internal static Tensor Run(Tensor input, IEnumerable<Func<Tensor, Tensor>> layers)
    {
        Tensor x = input.Alias();
        foreach (Func<Tensor, Tensor> layer in layers)
        {
            using Tensor previous = x;
            x = layer(previous);
        }

        return x;
    }
}
