using Nvg.Torch;

namespace Nvg.Sampling;

/// <summary>What a request fixes of the first stages of a sequence; everything else is generated. Borrows its tensors.</summary>
public sealed record GivenStages
{
    /// <summary>Structure maps of stages 0, 1, …: B × m × L labels; each must split every cluster of the one before in equal halves.</summary>
    public Tensor? Structure_BML { get; init; }

    /// <summary>Codebook numbers of stages 0, 1, …: B × 2^i each. They need the structure of their stages.</summary>
    public IReadOnlyList<Tensor> Content { get; init; } = [];

    /// <summary>Number of stages whose structure is given; stage 0 has only one.</summary>
    public int StructureStages => (int)(Structure_BML?.Size(1) ?? 1);

    /// <summary>Nothing is given.</summary>
    public static GivenStages None { get; } = new();

    /// <summary>Throws unless what is given is a valid start of a hierarchy.</summary>
    /// <param name="count">Images.</param>
    /// <param name="length">L, latent positions.</param>
    /// <param name="codebookSize">V; tokens must lie below.</param>
    /// <exception cref="ArgumentException">Shapes, types, tokens, balance or nesting are wrong; the message names stage and image.</exception>
    public void Check(int count, int length, int codebookSize = int.MaxValue)
    {
        if (Content.Count > StructureStages)
            throw new ArgumentException($"content of {Content.Count} stages needs their structure, {StructureStages} are given");
        for (int i = 0; i < Content.Count; i++)
        {
            if (Content[i].Rank != 2 || Content[i].Size(0) != count || Content[i].Size(1) != 1 << i)
                throw new ArgumentException($"content of stage {i} must be {count} × {1 << i}, it is {Content[i]}");
            // On a GPU a number outside the codebook would end the process.
            if (Content[i].ScalarType != ScalarType.Int64 || Content[i].ToArray<long>().Any(token => token < 0 || token >= codebookSize))
                throw new ArgumentException($"content of stage {i} must be Int64 numbers of the codebook's {codebookSize} codes");
        }

        if (Structure_BML is not { } structure)
            return;
        if (structure.Rank != 3 || structure.ScalarType != ScalarType.Int64 || structure.Size(0) != count || structure.Size(2) != length || StructureStages < 1 || 1L << (StructureStages - 1) > length)
            throw new ArgumentException($"structure must be {count} images × stages × {length} positions of Int64, it is {structure}");
        long[] labels = structure.ToArray<long>();
        for (int b = 0; b < count; b++)
        {
            for (int i = 0; i < StructureStages; i++)
                CheckMap(labels.AsSpan((b * StructureStages + i) * length, length), i == 0 ? [] : labels.AsSpan((b * StructureStages + i - 1) * length, length), b, i);
        }
    }

    private static void CheckMap(ReadOnlySpan<long> map, ReadOnlySpan<long> parent, int image, int stage)
    {
        int[] sizes = new int[1 << stage];
        for (int l = 0; l < map.Length; l++)
        {
            if (map[l] < 0 || map[l] >= sizes.Length || (stage > 0 && map[l] >> 1 != parent[l]))
                throw new ArgumentException($"image {image}, stage {stage}, position {l}: label {map[l]} is not a child of the stage before");
            sizes[map[l]]++;
        }

        if (sizes.AsSpan().ContainsAnyExcept(map.Length >> stage))
            throw new ArgumentException($"image {image}, stage {stage}: every cluster must have {map.Length >> stage} positions, they have {sizes.Min()} to {sizes.Max()}");
    }
}
