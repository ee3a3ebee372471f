using Nvg.Torch;

namespace Nvg.Generators.Blocks;

/// <summary>A stack of transformer blocks prepared for sampling on one kind of device: without gradients, and faster.</summary>
/// <remarks>Shapes: N sequences, T tokens, W width.</remarks>
internal interface IBlockStack : IDisposable
{
    /// <summary>Runs the blocks one after another.</summary>
    /// <param name="tokens_NTW">The input of the first block, float32; may be overwritten.</param>
    /// <param name="modulations">Shift, scale and gate for each block, N × 3 W.</param>
    /// <param name="rotary">Rotations of the tokens.</param>
    Tensor Run(Tensor tokens_NTW, Tensor[] modulations, Tensor rotary);
}
