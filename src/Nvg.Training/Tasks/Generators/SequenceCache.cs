using Nvg.Granularity;
using Nvg.Torch;

namespace Nvg.Training.Tasks.Generators;

/// <summary>
/// The encoded sequences of a data set in all variants, as written by <see cref="SequenceEncoding"/>: for each image, the finest
/// labels (the labels of other stages are these labels shifted) and the tokens of all stages.
/// </summary>
/// <remarks>Shapes: one row per variant and image, L positions, M = 2L − 1 tokens of all stages.</remarks>
/// <param name="rows">The rows; this object takes ownership.</param>
/// <param name="grid">The latent positions.</param>
internal sealed class SequenceCache(EncodedRows rows, LatentGrid grid) : IDisposable
{
    internal const string FinestName = "finest", TokensName = "tokens", KeyName = EncodedRows.KeyName;

    /// <summary>Loads the sequences of images.</summary>
    /// <param name="examples">Indices of the images.</param>
    /// <param name="variants">Variant of each image.</param>
    /// <param name="device">Target device.</param>
    internal GranularitySequence Load(IReadOnlyList<int> examples, IReadOnlyList<int> variants, Device device)
    {
        using var scope = new TensorScope();
        Tensor finest_BL = rows.Load(FinestName, examples, variants, device), tokens_BM = rows.Load(TokensName, examples, variants, device);
        IEnumerable<int> stages = Enumerable.Range(0, grid.StageCount);
        Tensor structure_BSL = Tensor.Stack([.. stages.Select(i => finest_BL.FloorDivide(1L << (grid.LastStage - i)))], 1);
        return new GranularitySequence(grid, structure_BSL, [.. stages.Select(i =>
            tokens_BM.Narrow(1, LatentGrid.ClusterCount(i) - 1, LatentGrid.ClusterCount(i)))]);
    }

    /// <inheritdoc/>
    public void Dispose() => rows.Dispose();
}
