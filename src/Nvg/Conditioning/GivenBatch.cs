using Nvg.Granularity;
using Nvg.Torch;

namespace Nvg.Conditioning;

/// <summary>The given parts of the images of a batch, as tensors for each stage.</summary>
internal sealed class GivenBatch
{
    private readonly IReadOnlyList<PartialSequence> _sequences;

    private GivenBatch(IReadOnlyList<PartialSequence> sequences) => _sequences = sequences;

    /// <summary>Checks the given parts of a batch against the model.</summary>
    /// <param name="sequences">One per image.</param>
    /// <param name="count">Number of images.</param>
    /// <param name="grid">The model's latent positions.</param>
    /// <param name="codebookSize">V; tokens must be smaller.</param>
    /// <exception cref="ArgumentException">The number of sequences, a grid or a token is wrong.</exception>
    internal static GivenBatch Create(IReadOnlyList<PartialSequence> sequences, int count, LatentGrid grid, int codebookSize)
    {
        if (sequences.Count != count)
            throw new ArgumentException($"{sequences.Count} sequences were given for {count} images");
        foreach (PartialSequence sequence in sequences)
        {
            if (sequence.Grid != grid)
                throw new ArgumentException($"a sequence of {sequence.Grid} positions was given, the model has {grid}");
            // On a GPU, an index outside the codebook would terminate the process.
            sequence.CheckTokens(codebookSize);
        }

        return new GivenBatch(sequences);
    }

    /// <summary>The given labels of a stage, or null if there are none; they belong to the innermost scope.</summary>
    internal GivenValues? Labels(int stage, Device device) => Values(sequence => sequence.Labels(stage).ToArray(), device);

    /// <summary>Per image, whether any label of a stage is given.</summary>
    internal bool[] HasLabels(int stage) =>
        [.. _sequences.Select(sequence => sequence.Labels(stage).ContainsAnyExcept(PartialSequence.Unknown))];

    /// <summary>
    /// Indices of the images that follow the colours of a drawing in a stage: the structure map of the stage is given, but none of its
    /// tokens.
    /// </summary>
    internal long[] Coloured(int stage) =>
    [
        .. _sequences.Index().Where(image => image.Item.Colours is not null && image.Item.StructureStages > stage
                && !image.Item.Tokens(stage).ContainsAnyExcept(PartialSequence.Unknown))
            .Select(image => (long)image.Index),
    ];

    /// <summary>The drawn colours, B × L × 3; every image must have them. The tensor belongs to the innermost scope.</summary>
    internal Tensor Colours(Device device) => DrawnColours.Stack([.. _sequences.Select(sequence => sequence.Colours!)], device);

    /// <summary>The given tokens of a stage by position, or null if there are none; they belong to the innermost scope.</summary>
    internal GivenValues? Tokens(int stage, Device device) => Values(sequence => sequence.Tokens(stage).ToArray(), device);

    /// <summary>The given parts of the split of a stage and of later splits; the tensors belong to the innermost scope.</summary>
    internal GivenSplit Split(int stage, Device device) => GivenSplit.Create(stage, _sequences, device);

    /// <summary>The given parts of some of the images.</summary>
    internal GivenBatch Select(BatchSubset images) => new([.. images.Images.Select(b => _sequences[(int)b])]);

    /// <summary>
    /// Applies <see cref="BorderRule.Keep"/>: if the token is given at some positions of a cluster, the drawn tokens of that cluster are
    /// replaced by the most frequent given one.
    /// </summary>
    /// <param name="drawn_BL">Drawn tokens by position.</param>
    /// <param name="given">The given tokens of the stage.</param>
    /// <param name="labels_BL">Structure map of the stage.</param>
    internal Tensor ApplyBorderRules(Tensor drawn_BL, GivenValues given, Tensor labels_BL)
    {
        if (_sequences.All(s => s.Border != BorderRule.Keep))
            return drawn_BL.Alias();
        long[] drawn = drawn_BL.ToArray<long>(), known = given.Values_BL.ToArray<long>(), labels = labels_BL.ToArray<long>();
        int length = drawn.Length / _sequences.Count;
        for (int b = 0; b < _sequences.Count; b++)
        {
            if (_sequences[b].Border == BorderRule.Keep)
                UseGivenTokens(labels.AsSpan(b * length, length), known.AsSpan(b * length, length), drawn.AsSpan(b * length, length));
        }

        using Tensor result_BL = Tensor.From(drawn, _sequences.Count, length);
        return result_BL.To(drawn_BL.Device);
    }

    // Ties go to the token of the first position.
    private static void UseGivenTokens(ReadOnlySpan<long> labels_L, ReadOnlySpan<long> given_L, Span<long> drawn_L)
    {
        var counts = new Dictionary<(long Label, long Token), int>();
        for (int l = 0; l < given_L.Length; l++)
        {
            if (given_L[l] != PartialSequence.Unknown)
                counts[(labels_L[l], given_L[l])] = counts.GetValueOrDefault((labels_L[l], given_L[l])) + 1;
        }

        var best = new Dictionary<long, (long Token, int Count)>();
        for (int l = 0; l < given_L.Length; l++)
        {
            if (given_L[l] == PartialSequence.Unknown)
                continue;
            int count = counts[(labels_L[l], given_L[l])];
            if (count > best.GetValueOrDefault(labels_L[l]).Count)
                best[labels_L[l]] = (given_L[l], count);
        }

        for (int l = 0; l < drawn_L.Length; l++)
        {
            if (best.TryGetValue(labels_L[l], out (long Token, int Count) most))
                drawn_L[l] = most.Token;
        }
    }

    private GivenValues? Values(Func<PartialSequence, int[]> valuesOf, Device device)
    {
        int[][] values = [.. _sequences.Select(valuesOf)];
        if (Array.TrueForAll(values, row => !row.AsSpan().ContainsAnyExcept(PartialSequence.Unknown)))
            return null;
        using Tensor values_BL = Tensor.From(
            [.. values.SelectMany(row => row).Select(value => (long)value)], values.Length, values[0].Length);
        return new GivenValues(values_BL.To(device), Array.ConvertAll(values, row => !row.Contains(PartialSequence.Unknown)));
    }
}
