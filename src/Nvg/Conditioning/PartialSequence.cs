using Nvg.Granularity;
using Nvg.Torch;

namespace Nvg.Conditioning;

/// <summary>
/// The complete or partial sequence of one image: for every stage and position, the label of the structure map and the content token, each
/// known or <see cref="Unknown"/>. Tokens are stored by position, because a cluster that a border runs through can have two tokens.
/// Immutable; needs no disposal.
/// </summary>
public sealed class PartialSequence
{
    /// <summary>Marks a label or token that is not known.</summary>
    public const int Unknown = -1;

    private readonly int[] _labels_SL;
    private readonly int[] _tokens_SL;

    /// <param name="grid">The latent positions.</param>
    /// <param name="labels_SL">Labels of stages 0…K, (K + 1) × L; copied. Those of stage 0 are always known, as it has one cluster.</param>
    /// <param name="tokens_SL">Codebook indices by position, (K + 1) × L; copied.</param>
    /// <param name="border">How a cluster chooses its tokens if the token is known at only some of its positions.</param>
    /// <exception cref="ArgumentException">
    /// Sizes are wrong, a label is not a child of the label one stage before, a cluster has too many positions, or a token has no label.
    /// </exception>
    public PartialSequence(LatentGrid grid, ReadOnlySpan<int> labels_SL, ReadOnlySpan<int> tokens_SL, BorderRule border = BorderRule.Split)
    {
        int size = grid.StageCount * grid.Length;
        if (labels_SL.Length != size || tokens_SL.Length != size)
        {
            throw new ArgumentException(
                $"{grid.StageCount} stages of {grid.Length} positions are needed, "
                + $"{labels_SL.Length} labels and {tokens_SL.Length} tokens were given");
        }

        (Grid, Border) = (grid, border);
        _labels_SL = labels_SL.ToArray();
        _tokens_SL = tokens_SL.ToArray();
        for (int l = 0; l < grid.Length; l++)
            _labels_SL[l] = _labels_SL[l] == Unknown ? 0 : _labels_SL[l];
        for (int i = 0; i < grid.StageCount; i++)
            CheckStage(i);
    }

    /// <summary>The latent positions.</summary>
    public LatentGrid Grid { get; }

    /// <summary>How a cluster chooses its tokens if the token is known at only some of its positions.</summary>
    public BorderRule Border { get; }

    /// <summary>Colours that the content of the first stages follows where no content is given, or null.</summary>
    public DrawnColours? Colours { get; private init; }

    /// <summary>Labels of all stages, (K + 1) × L.</summary>
    public ReadOnlySpan<int> AllLabels => _labels_SL;

    /// <summary>Tokens of all stages by position, (K + 1) × L.</summary>
    public ReadOnlySpan<int> AllTokens => _tokens_SL;

    /// <summary>Number of leading stages whose structure map is completely known; at least 1.</summary>
    public int StructureStages => KnownStages(_labels_SL);

    /// <summary>Number of leading stages whose tokens are all known.</summary>
    public int ContentStages => KnownStages(_tokens_SL);

    /// <summary>Whether everything is known.</summary>
    public bool IsComplete => ContentStages == Grid.StageCount;

    /// <summary>Whether nothing is known.</summary>
    public bool IsEmpty =>
        !_labels_SL.AsSpan(Grid.Length).ContainsAnyExcept(Unknown) && !_tokens_SL.AsSpan().ContainsAnyExcept(Unknown);

    /// <summary>Creates a sequence in which everything is unknown.</summary>
    public static PartialSequence Empty(LatentGrid grid)
    {
        int[] nothing = new int[grid.StageCount * grid.Length];
        Array.Fill(nothing, Unknown);
        return new PartialSequence(grid, nothing, nothing);
    }

    /// <summary>Creates a sequence in which the structure maps of the first stages are known.</summary>
    /// <param name="grid">The latent positions.</param>
    /// <param name="maps_ML">Labels of stages 0…M − 1.</param>
    /// <exception cref="ArgumentException">They are not the beginning of a valid hierarchy.</exception>
    public static PartialSequence FromStructure(LatentGrid grid, ReadOnlySpan<int> maps_ML)
    {
        int size = grid.StageCount * grid.Length;
        if (maps_ML.Length > size || maps_ML.Length % grid.Length != 0)
        {
            throw new ArgumentException(
                $"{maps_ML.Length} labels do not form maps of {grid.Length} positions in at most {grid.StageCount} stages");
        }

        int[] labels = new int[size], tokens = new int[size];
        Array.Fill(labels, Unknown);
        Array.Fill(tokens, Unknown);
        maps_ML.CopyTo(labels);
        return new PartialSequence(grid, labels, tokens);
    }

    /// <summary>The sequences of the images of a batch.</summary>
    /// <param name="sequence">Borrowed.</param>
    public static PartialSequence[] FromBatch(GranularitySequence sequence)
    {
        using var scope = new TensorScope();
        LatentGrid grid = sequence.Grid;
        int[] labels = sequence.Structure_BSL.To(ScalarType.Int32).ToArray<int>();
        int[] tokens = sequence.TokensByPosition().To(ScalarType.Int32).ToArray<int>();
        int size = grid.StageCount * grid.Length;
        return [.. Enumerable.Range(0, sequence.Count)
            .Select(b => new PartialSequence(grid, labels.AsSpan(b * size, size), tokens.AsSpan(b * size, size)))];
    }

    /// <summary>Combines complete sequences into a batch; the caller disposes it.</summary>
    /// <param name="sequences">At least one, all with the same grid.</param>
    /// <param name="device">Device of the batch.</param>
    /// <exception cref="ArgumentException">One is not complete.</exception>
    public static GranularitySequence ToBatch(IReadOnlyList<PartialSequence> sequences, Device device = default)
    {
        LatentGrid grid = sequences[0].Grid;
        if (sequences.Any(s => !s.IsComplete || s.Grid != grid))
            throw new ArgumentException("the sequences must be complete and have the same grid");
        using var scope = new TensorScope();
        Tensor Stack(Func<PartialSequence, int[]> values) =>
            Tensor.From([.. sequences.SelectMany(values)], sequences.Count, grid.StageCount, grid.Length).To(device, ScalarType.Int64);
        Tensor structure_BSL = Stack(s => s._labels_SL), tokens_BSL = Stack(s => s._tokens_SL);
        var content = new Tensor[grid.StageCount];
        for (int i = 0; i < content.Length; i++)
        {
            using var clusters = new ClusterMean(structure_BSL.Select(1, i), LatentGrid.ClusterCount(i));
            content[i] = clusters.Largest(tokens_BSL.Select(1, i));
        }

        return new GranularitySequence(grid, structure_BSL, content, tokens_BSL);
    }

    /// <summary>The structure map of one stage.</summary>
    public ReadOnlySpan<int> Labels(int stage) => _labels_SL.AsSpan(stage * Grid.Length, Grid.Length);

    /// <summary>The tokens of one stage, by position.</summary>
    public ReadOnlySpan<int> Tokens(int stage) => _tokens_SL.AsSpan(stage * Grid.Length, Grid.Length);

    /// <summary>The first stages of the sequence; everything else becomes unknown.</summary>
    /// <param name="structureStages">Number of leading stages whose structure maps are kept.</param>
    /// <param name="contentStages">Number of leading stages whose tokens are kept; at most <paramref name="structureStages"/>.</param>
    public PartialSequence Keep(int structureStages, int contentStages) => Filter(
        (stage, _) => stage < structureStages, (stage, _) => stage < contentStages);

    /// <summary>Some positions of the sequence; everything else becomes unknown.</summary>
    /// <param name="kept">Per position, whether it is kept; L values.</param>
    /// <exception cref="ArgumentException">The number of positions is wrong.</exception>
    public PartialSequence Where(IReadOnlyList<bool> kept) => kept.Count == Grid.Length
        ? Filter((_, position) => kept[position], (_, position) => kept[position])
        : throw new ArgumentException($"{kept.Count} positions cannot be chosen among {Grid}");

    /// <summary>The same sequence with a different border rule.</summary>
    public PartialSequence With(BorderRule border) => new(Grid, _labels_SL, _tokens_SL, border) { Colours = Colours };

    /// <summary>The same sequence with the colours of a drawing, or without.</summary>
    /// <exception cref="ArgumentException">The drawing has a different grid.</exception>
    public PartialSequence With(DrawnColours? colours) => colours is null || colours.Grid == Grid
        ? new(Grid, _labels_SL, _tokens_SL, Border) { Colours = colours }
        : throw new ArgumentException($"colours of {colours.Grid} positions were given, the sequence has {Grid}");

    /// <summary>This sequence, with unknown entries filled from another sequence.</summary>
    /// <exception cref="ArgumentException">The grids differ, or the combined labels are not a valid hierarchy.</exception>
    public PartialSequence WithFallback(PartialSequence other)
    {
        if (Grid != other.Grid)
            throw new ArgumentException($"sequences of {Grid} and of {other.Grid} positions cannot be combined");
        int[] Merge(int[] mine, int[] theirs) => [.. mine.Select((value, i) => value == Unknown ? theirs[i] : value)];
        return new PartialSequence(Grid, Merge(_labels_SL, other._labels_SL), Merge(_tokens_SL, other._tokens_SL), Border)
        {
            Colours = Colours ?? other.Colours,
        };
    }

    /// <summary>Whether both have the same grid, labels and tokens; border rules and colours are ignored.</summary>
    public bool SequenceEqual(PartialSequence other) => Grid == other.Grid
        && _labels_SL.AsSpan().SequenceEqual(other._labels_SL) && _tokens_SL.AsSpan().SequenceEqual(other._tokens_SL);

    /// <summary>Throws if a known token is not smaller than the codebook size.</summary>
    /// <exception cref="ArgumentException">A token is too large; the message names stage and position.</exception>
    public void CheckTokens(int codebookSize)
    {
        int wrong = Array.FindIndex(_tokens_SL, token => token >= codebookSize);
        if (wrong < 0)
            return;
        throw new ArgumentException(
            $"stage {wrong / Grid.Length}, position {wrong % Grid.Length}: "
            + $"token {_tokens_SL[wrong]} is outside the codebook of {codebookSize} codes");
    }

    private PartialSequence Filter(Func<int, int, bool> label, Func<int, int, bool> token)
    {
        int[] Select(int[] values, Func<int, int, bool> keep) =>
            [.. values.Select((value, i) => keep(i / Grid.Length, i % Grid.Length) ? value : Unknown)];
        return new PartialSequence(Grid, Select(_labels_SL, label), Select(_tokens_SL, token), Border) { Colours = Colours };
    }

    private int KnownStages(int[] values)
    {
        int first = Array.IndexOf(values, Unknown);
        return first < 0 ? Grid.StageCount : first / Grid.Length;
    }

    private void CheckStage(int stage)
    {
        ReadOnlySpan<int> labels = Labels(stage), tokens = Tokens(stage);
        int[] sizes = new int[LatentGrid.ClusterCount(stage)];
        for (int l = 0; l < labels.Length; l++)
        {
            if (tokens[l] < Unknown)
                throw new ArgumentException($"stage {stage}, position {l}: the token {tokens[l]} is not a codebook index");
            if (tokens[l] != Unknown && labels[l] == Unknown)
                throw new ArgumentException($"stage {stage}, position {l}: the token {tokens[l]} needs the label of its cluster");
            if (labels[l] == Unknown)
                continue;
            if (labels[l] < 0 || labels[l] >= sizes.Length || (stage > 0 && labels[l] >> 1 != Labels(stage - 1)[l]))
                throw new ArgumentException($"stage {stage}, position {l}: label {labels[l]} is not a child of the stage before");
            sizes[labels[l]]++;
        }

        int most = sizes.Max();
        if (most <= Grid.ClusterSize(stage))
            return;
        throw new ArgumentException(
            $"stage {stage}: every cluster must have {Grid.ClusterSize(stage)} positions, cluster {Array.IndexOf(sizes, most)} has {most}");
    }
}
