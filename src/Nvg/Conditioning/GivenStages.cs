using Nvg.Granularity;
using Nvg.Torch;

namespace Nvg.Conditioning;

/// <summary>What a request fixes of the first stages of a sequence; everything else is generated. Borrows its tensors.</summary>
public sealed record GivenStages
{
    /// <summary>Structure maps of stages 0, 1, …: B × m × L labels; each must split every cluster of the one before in equal halves.</summary>
    public Tensor? Structure_BML { get; init; }

    /// <summary>Codebook numbers of stages 0, 1, …: B × 2^i each. They need the structure of their stages.</summary>
    public IReadOnlyList<Tensor> Content { get; init; } = [];

    /// <summary>
    /// What is given of each image by stage and position, instead of the two above: any part of its structure and content,
    /// and for each image another. Null where the two above say it.
    /// </summary>
    public IReadOnlyList<PartialSequence>? Sequences { get; init; }

    /// <summary>Number of stages whose structure is given; stage 0 has only one.</summary>
    public int StructureStages => (int)(Structure_BML?.Size(1) ?? 1);

    /// <summary>Nothing is given.</summary>
    public static GivenStages None { get; } = new();

    /// <summary>Throws unless what is given is a valid start of a hierarchy.</summary>
    /// <param name="count">Images.</param>
    /// <param name="grid">The latent positions.</param>
    /// <param name="codebookSize">V; tokens must lie below.</param>
    /// <exception cref="ArgumentException">Shapes, types, tokens, balance or nesting are wrong; the message names stage and image.</exception>
    public void Check(int count, LatentGrid grid, int codebookSize = int.MaxValue)
    {
        int length = grid.Length;
        if (Sequences is not null)
        {
            CheckSequences(count, grid, codebookSize);
            return;
        }

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

    /// <summary>The labels that are given of a stage, or null for none; they belong to the innermost scope.</summary>
    internal GivenValues? LabelsOf(int stage, Device device)
    {
        if (Sequences is null)
        {
            if (Structure_BML is null || stage >= StructureStages)
                return null;
            using Tensor labels_BL = Structure_BML.Select(1, stage);
            return Whole(labels_BL.To(device));
        }

        return Stage(sequence => sequence.Labels(stage).ToArray(), device);
    }

    /// <summary>The tokens that are given of a stage by position, or null for none; they belong to the innermost scope.</summary>
    /// <param name="stage">i.</param>
    /// <param name="labels_BL">Structure map of the stage.</param>
    internal GivenValues? TokensOf(int stage, Tensor labels_BL)
    {
        if (Sequences is not null)
            return Stage(sequence => sequence.Tokens(stage).ToArray(), labels_BL.Device);
        if (stage >= Content.Count)
            return null;
        using Tensor tokens_BN = Content[stage].To(labels_BL.Device);
        return Whole(tokens_BN.Gather(1, labels_BL));
    }

    private static GivenValues Whole(Tensor values_BL)
    {
        bool[] whole = new bool[values_BL.Size(0)];
        Array.Fill(whole, true);
        return new GivenValues(values_BL, whole);
    }

    private GivenValues? Stage(Func<PartialSequence, int[]> valuesOf, Device device)
    {
        int[][] values = [.. Sequences!.Select(valuesOf)];
        if (Array.TrueForAll(values, row => !row.AsSpan().ContainsAnyExcept(PartialSequence.Unknown)))
            return null;
        using Tensor values_BL = Tensor.From([.. values.SelectMany(row => row).Select(value => (long)value)], values.Length, values[0].Length);
        return new GivenValues(values_BL.To(device), Array.ConvertAll(values, row => !row.Contains(PartialSequence.Unknown)));
    }

    private void CheckSequences(int count, LatentGrid grid, int codebookSize)
    {
        if (Structure_BML is not null || Content.Count > 0)
            throw new ArgumentException("sequences take the place of structure and content: give the one or the other");
        if (Sequences!.Count != count)
            throw new ArgumentException($"{Sequences.Count} sequences were given for {count} images");
        foreach (PartialSequence sequence in Sequences)
        {
            if (sequence.Grid != grid)
                throw new ArgumentException($"a sequence of {sequence.Grid} positions was given, the model has {grid}");
            sequence.CheckTokens(codebookSize);
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
