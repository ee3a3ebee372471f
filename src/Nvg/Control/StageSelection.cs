using Nvg.Conditioning;

namespace Nvg.Control;

/// <summary>Which stages of a reference are kept.</summary>
/// <param name="Structure">Number of leading stages whose structure is kept.</param>
/// <param name="Content">Stages whose content is kept, ascending.</param>
internal sealed record StageSelection(int Structure, IReadOnlyList<int> Content)
{
    /// <summary>Number of stages up to the last one whose content is kept.</summary>
    internal int ContentStages => Content.Count > 0 ? Content[^1] + 1 : 0;

    /// <summary>Selects a part of the first stages. Content alone includes the structure of stage 0, which every image has.</summary>
    internal static StageSelection First(KeptPart part, int stages) => new(
        part == KeptPart.Content ? Math.Min(1, stages) : stages, part == KeptPart.Structure ? [] : [.. Enumerable.Range(0, stages)]);

    /// <summary>The kept part of a sequence.</summary>
    /// <param name="sequence">A complete sequence.</param>
    /// <exception cref="ArgumentException">It has fewer stages, or content is kept without its structure.</exception>
    internal PartialSequence Of(PartialSequence sequence) => Of(sequence, Structure);

    /// <summary>The kept content of a sequence along the structure of its first stages.</summary>
    /// <param name="sequence">A complete sequence.</param>
    /// <param name="structure">Number of leading stages whose structure is given, instead of <see cref="Structure"/>.</param>
    /// <exception cref="ArgumentException">It has fewer stages, or content is kept without its structure.</exception>
    internal PartialSequence Of(PartialSequence sequence, int structure)
    {
        int stages = sequence.Grid.StageCount;
        if (structure < 0 || Math.Max(structure, ContentStages) > stages)
            throw new ArgumentException($"{Math.Max(structure, ContentStages)} stages cannot be kept: the model has {stages}");
        if (ContentStages > structure)
        {
            string needed = $"{ContentStages} stage{(ContentStages == 1 ? "" : "s")}";
            throw new ArgumentException(
                $"content of {needed} needs structure of {needed}, but only {structure} {(structure == 1 ? "is" : "are")} given");
        }

        PartialSequence first = sequence.Keep(structure, ContentStages);
        if (Content.Count == ContentStages)
            return first;
        int[] tokens = first.AllTokens.ToArray();
        foreach (int stage in Enumerable.Range(0, ContentStages).Except(Content))
            tokens.AsSpan(stage * sequence.Grid.Length, sequence.Grid.Length).Fill(PartialSequence.Unknown);
        return new PartialSequence(sequence.Grid, first.AllLabels, tokens);
    }
}
