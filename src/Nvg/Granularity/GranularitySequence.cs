using Nvg.Torch;

namespace Nvg.Granularity;

/// <summary>
/// Images as the method describes them: for every stage the structure map (which token each position uses) and the
/// content tokens (what those tokens are). Owns its tensors.
/// </summary>
public sealed class GranularitySequence : IDisposable
{
    /// <param name="grid">The latent positions.</param>
    /// <param name="structure_BSL">Labels of all stages, B × (K + 1) × L.</param>
    /// <param name="content">Codebook numbers of stage i, B × 2^i each.</param>
    /// <param name="tokens_BSL">Codebook numbers by position, where a cluster may use several; null where each has one.</param>
    public GranularitySequence(LatentGrid grid, Tensor structure_BSL, IReadOnlyList<Tensor> content, Tensor? tokens_BSL = null)
    {
        if (structure_BSL.Rank != 3 || structure_BSL.Size(1) != grid.StageCount || structure_BSL.Size(2) != grid.Length || content.Count != grid.StageCount)
            throw new ArgumentException($"a sequence of {grid.StageCount} stages over {grid.Length} positions is needed, {structure_BSL} and {content.Count} contents were given");
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

    /// <summary>Codebook numbers: stage i has B × 2^i.</summary>
    public IReadOnlyList<Tensor> Content { get; }

    /// <summary>
    /// Codebook numbers by position, B × (K + 1) × L, where a border runs through clusters, so that one may use several;
    /// <see cref="Content"/> then holds one of them. Null where each cluster has one token.
    /// </summary>
    public Tensor? Tokens_BSL { get; }

    /// <summary>Codebook numbers of one stage by position, B × L; the caller disposes it.</summary>
    public Tensor TokensByPosition(int stage)
    {
        if (Tokens_BSL is not null)
            return Tokens_BSL.Select(1, stage);
        using Tensor labels_BL = StructureMap(stage);
        return Content[stage].Gather(1, labels_BL);
    }

    /// <summary>Codebook numbers of all stages by position, B × (K + 1) × L; the caller disposes it.</summary>
    public Tensor TokensByPosition()
    {
        using var scope = new TensorScope();
        return scope.Keep(Tensor.Stack([.. Enumerable.Range(0, Grid.StageCount).Select(TokensByPosition)], 1));
    }

    /// <summary>The structure map of one stage, B × L; the caller disposes it.</summary>
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
