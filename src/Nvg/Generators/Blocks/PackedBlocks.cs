using Nvg.Torch;

namespace Nvg.Generators.Blocks;

/// <summary>Blocks whose matrices are packed for the processor's matrix units. Owns the packed matrices.</summary>
internal sealed class PackedBlocks : IBlockStack
{
    private readonly PackedBlock[] _blocks;

    /// <param name="blocks">Blocks that can be packed; borrowed.</param>
    /// <param name="frees">Whether each block's own matrices are freed once they are packed, so they are never in memory twice.</param>
    /// <param name="int8">Whether the matrices are rounded to int8.</param>
    internal PackedBlocks(TransformerBlock[] blocks, bool frees, bool int8)
    {
        var packed = new List<PackedBlock>(blocks.Length);
        try
        {
            foreach (TransformerBlock block in blocks)
            {
                packed.Add(new PackedBlock(block, int8));
                if (frees)
                    block.FreeMatrices();
            }
        }
        catch
        {
            packed.ForEach(block => block.Dispose());
            throw;
        }

        _blocks = [.. packed];
    }

    /// <summary>The matrices that were packed.</summary>
    internal IEnumerable<Tensor> Sources => _blocks.SelectMany(block => block.Sources);

    /// <summary>Whether the matrices of these blocks are packed on this processor.</summary>
    internal static bool CanPack(TransformerBlock[] blocks) => Array.TrueForAll(blocks, block => block.CanBePacked);

    /// <inheritdoc/>
    public Tensor Run(Tensor tokens_NTW, Tensor[] modulations, Tensor rotary)
    {
        using Tensor turns = RotaryEmbedding.AsPairs(rotary);
        for (int i = 0; i < _blocks.Length; i++)
            _blocks[i].ForwardInPlace(tokens_NTW, modulations[i], turns);
        return tokens_NTW.Alias();
    }

    /// <inheritdoc/>
    public void Dispose() => Array.ForEach(_blocks, block => block.Dispose());
}
