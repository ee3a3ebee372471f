using Nvg.Torch;

namespace Nvg.Generators.Blocks;

/// <summary>
/// A transformer block whose two matrices are laid out in the tiles that the processor's matrix units read. The whole block is computed in
/// one kernel, without gradients. Owns the packed matrices; borrows the rest from the block.
/// </summary>
/// <remarks>Shapes: N sequences, T tokens, W width.</remarks>
internal sealed class PackedBlock : IDisposable
{
    private readonly TransformerBlock _block;
    private readonly PackedMatrix _first;
    private readonly PackedMatrix _second;

    /// <param name="block">A block that can be packed (<see cref="TransformerBlock.CanBePacked"/>); borrowed.</param>
    /// <param name="int8">Whether its matrices are rounded to int8.</param>
    internal PackedBlock(TransformerBlock block, bool int8)
    {
        using GradMode noGrad = Autograd.NoGrad();
        _block = block;
        _first = PackedMatrix.Of(block.First.Weight, int8);
        try
        {
            _second = PackedMatrix.Of(block.Second.Weight, int8);
        }
        catch
        {
            _first.Dispose();
            throw;
        }
    }

    /// <summary>The matrices that were packed; they belong to the block.</summary>
    internal IEnumerable<Tensor> Sources => [_block.First.Weight, _block.Second.Weight];

    /// <summary>Runs the block in place.</summary>
    /// <param name="x_NTW">The residual stream; overwritten.</param>
    /// <param name="modulation_NM">From <see cref="TransformerBlock.Modulation"/>.</param>
    /// <param name="turns">Rotations of the tokens as pairs of cosine and sine, N × T × head size.</param>
    internal void ForwardInPlace(Tensor x_NTW, Tensor modulation_NM, Tensor turns) => BlockOperations.WholeBlock(
        x_NTW, modulation_NM, (_first, _block.First.Bias), _block.QueryScale, _block.KeyScale, turns, (_second, _block.Second.Bias),
        TransformerBlock.Epsilon);

    /// <inheritdoc/>
    public void Dispose()
    {
        _first.Dispose();
        _second.Dispose();
    }
}
