using Nvg.Torch;

namespace Nvg.Generators.Blocks;

/// <summary>A matrix in the tiles that the processor's matrix units read. Owns its tensors.</summary>
internal sealed class PackedMatrix : IDisposable
{
    private PackedMatrix(Tensor tiles, Tensor? columns) => (Tiles, Columns) = (tiles.Own(), columns?.Own());

    /// <summary>The tiles, bfloat16 or int8.</summary>
    internal Tensor Tiles { get; }

    /// <summary>Scales of the columns of an int8 matrix, and what must be subtracted from its sums. Null in bfloat16.</summary>
    internal Tensor? Columns { get; }

    /// <summary>Packs a bfloat16 matrix.</summary>
    /// <param name="weight">Out × in; borrowed.</param>
    /// <param name="int8">Whether it is rounded to int8.</param>
    internal static PackedMatrix Of(Tensor weight, bool int8)
    {
        if (!int8)
            return new PackedMatrix(BlockOperations.PackMatrix(weight), null);
        (Tensor tiles, Tensor columns) = BlockOperations.PackMatrixInt8(weight);
        return new PackedMatrix(tiles, columns);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Tiles.Dispose();
        Columns?.Dispose();
    }
}
