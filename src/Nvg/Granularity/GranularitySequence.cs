using Nvg.Torch;

namespace Nvg.Granularity;

/// <summary>
/// A batch of images as granularity sequences: for every stage a structure map (which token each position uses) and the
/// content (the codebook index of each token). Owns its tensors.
/// </summary>
public sealed class GranularitySequence : IDisposable
{
    /// <param name="grid">The latent positions.</param>
    /// <param name="structure_BSL">Labels of all stages, B × (K + 1) × L.</param>
    /// <param name="content">Codebook indices of each stage, B × 2^i.</param>
    /// <param name="tokens_BSL">Codebook indices by position if clusters may use several; null if each has one.</param>
    /// <exception cref="ArgumentException">The tensors do not fit the grid.</exception>
    public GranularitySequence(LatentGrid grid, Tensor structure_BSL, IReadOnlyList<Tensor> content, Tensor? tokens_BSL = null)
    {
        bool fits = structure_BSL.Rank == 3 && structure_BSL.Size(1) == grid.StageCount && structure_BSL.Size(2) == grid.Length;
        if (!fits || content.Count != grid.StageCount)
        {
            throw new ArgumentException(
                $"expected {grid.StageCount} stages over {grid.Length} positions, "
                + $"got structure {structure_BSL} and content of {content.Count} stages");
        }

        Grid = grid;
        Structure_BSL = structure_BSL.Own();
        Content = [.. content.Select(c => c.Own())];
        Tokens_BSL = tokens_BSL?.Own();
    }

    /// <summary>The latent positions.</summary>
    public LatentGrid Grid { get; }

    /// <summary>Number of images.</summary>
    public int Count => (int)Structure_BSL.Size(0);

    /// <summary>Labels of all stages, B × (K + 1) × L.</summary>
    public Tensor Structure_BSL { get; }

    /// <summary>Codebook indices of each stage, B × 2^i.</summary>
    public IReadOnlyList<Tensor> Content { get; }

    /// <summary>
    /// Codebook indices by position, B × (K + 1) × L, if the border of a region runs through clusters, so that a cluster may use
    /// several tokens; <see cref="Content"/> then holds one of them. Null if each cluster has one token.
    /// </summary>
    public Tensor? Tokens_BSL { get; }

    /// <summary>Codebook indices of one stage by position, B × L; the caller disposes the result.</summary>
    public Tensor TokensByPosition(int stage)
    {
        if (Tokens_BSL is not null)
            return Tokens_BSL.Select(1, stage);
        using Tensor labels_BL = StructureMap(stage);
        return Content[stage].Gather(1, labels_BL);
    }

    /// <summary>Codebook indices of all stages by position, B × (K + 1) × L; the caller disposes the result.</summary>
    public Tensor TokensByPosition()
    {
        using var scope = new TensorScope();
        return scope.Keep(Tensor.Stack([.. Enumerable.Range(0, Grid.StageCount).Select(TokensByPosition)], 1));
    }

    /// <summary>The structure map of one stage, B × L; the caller disposes the result.</summary>
    public Tensor StructureMap(int stage) => Structure_BSL.Select(1, stage);

    /// <inheritdoc/>
    public void Dispose()
    {
        Structure_BSL.Dispose();
        Tokens_BSL?.Dispose();
        foreach (Tensor tokens in Content)
            tokens.Dispose();
    }
}
