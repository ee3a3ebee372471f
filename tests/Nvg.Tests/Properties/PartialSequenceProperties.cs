using CsCheck;
using Nvg.Conditioning;
using Nvg.Granularity;

namespace Nvg.Tests.Properties;

/// <summary>
/// Partial sequences of one hierarchy form an idempotent monoid under <c>WithFallback</c>; <c>Keep</c> and <c>Where</c> are filters.
/// </summary>
public class PartialSequenceProperties
{
    private static readonly Gen<(LatentGrid Grid, PartialSequence[] Parts)> Case =
        from grid in Hierarchies.Grid
        from labels in Hierarchies.Labels(grid)
        from parts in Part(grid, labels).Array[3]
        select (grid, parts);

    [Fact]
    public void WithFallback_Itself_IsItself() => Check((_, x, _, _) => Same(x, x.WithFallback(x)));

    [Fact]
    public void WithFallback_AnyThree_IsAssociative() => Check((_, x, y, z) =>
        Same(x.WithFallback(y).WithFallback(z), x.WithFallback(y.WithFallback(z))));

    [Fact]
    public void WithFallback_Empty_ChangesNothingOnEitherSide() => Check((grid, x, _, _) =>
    {
        Same(x, x.WithFallback(PartialSequence.Empty(grid)));
        Same(x, PartialSequence.Empty(grid).WithFallback(x));
    });

    [Fact]
    public void WithFallback_Another_TakesFromItOnlyWhatIsMissing() => Check((_, x, y, _) =>
    {
        PartialSequence both = x.WithFallback(y);
        Assert.True(Within(x, both));
        int[] mine = x.AllTokens.ToArray(), theirs = y.AllTokens.ToArray();
        Assert.Equal(mine.Zip(theirs, (own, other) => own >= 0 ? own : other), both.AllTokens.ToArray());
    });

    [Fact]
    public void Keep_Stages_KeepsExactlyThose() => Gen.Select(Case, Gen.Int[0, 7], Gen.Int[0, 7]).Sample((c, one, other) =>
    {
        (int content, int structure) = (Math.Min(one, other), Math.Max(one, other));
        bool[] all = [.. Enumerable.Repeat(true, c.Grid.Length)];
        Same(Filtered(c.Parts[0], c.Grid, structure, content, all), c.Parts[0].Keep(structure, content));
    }, iter: 100, threads: 1);

    [Fact]
    public void Where_Positions_KeepsExactlyThose() => Check((grid, x, y, _) =>
        Same(Filtered(x, grid, grid.StageCount, grid.StageCount, Positions(y)), x.Where(Positions(y))));

    [Fact]
    public void Keep_Twice_IsKeepingTheFewerStages() => Gen.Select(Case, Gen.Int[0, 7], Gen.Int[0, 7]).Sample((c, first, second) =>
    {
        int fewer = Math.Min(first, second);
        Same(c.Parts[0].Keep(fewer, fewer), c.Parts[0].Keep(first, first).Keep(second, second));
    }, iter: 100, threads: 1);

    [Fact]
    public void Keep_MoreStages_KeepsWhatFewerKeep() => Check((grid, x, _, _) =>
    {
        for (int stages = 0; stages < grid.StageCount; stages++)
        {
            Assert.True(Within(x.Keep(stages, stages), x.Keep(stages + 1, stages)));
            Assert.True(Within(x.Keep(stages + 1, stages), x.Keep(stages + 1, stages + 1)));
        }

        Same(x, x.Keep(grid.StageCount, grid.StageCount));
    });

    [Fact]
    public void Where_PositionsAndTheRest_GiveTheWhole() => Check((_, x, y, _) =>
    {
        bool[] kept = Positions(y);
        Same(x, x.Where(kept).WithFallback(x.Where([.. kept.Select(k => !k)])));
    });

    private static void Check(Action<LatentGrid, PartialSequence, PartialSequence, PartialSequence> assert) =>
        Case.Sample(c => assert(c.Grid, c.Parts[0], c.Parts[1], c.Parts[2]), iter: 100, threads: 1);

    // Some stages and some positions of a complete sequence along given structure, with tokens of its own.
    private static Gen<PartialSequence> Part(LatentGrid grid, int[] labels) =>
        from tokens in Gen.Int[0, 9].Array[labels.Length]
        from stages in Gen.Int[0, grid.StageCount]
        from contentStages in Gen.Int[0, stages]
        from kept in Gen.Bool.Array[grid.Length]
        select new PartialSequence(grid, Filtered(labels, grid, stages, kept), Filtered(tokens, grid, contentStages, kept));

    // The definition: what lies in the first stages and at the kept positions.
    private static int[] Filtered(IEnumerable<int> values, LatentGrid grid, int stages, bool[] kept) =>
        [.. values.Select((value, i) => i / grid.Length < stages && kept[i % grid.Length] ? value : PartialSequence.Unknown)];

    private static PartialSequence Filtered(PartialSequence sequence, LatentGrid grid, int stages, int contentStages, bool[] kept)
    {
        int[] labels = sequence.AllLabels.ToArray(), tokens = sequence.AllTokens.ToArray();
        return new PartialSequence(grid, Filtered(labels, grid, stages, kept), Filtered(tokens, grid, contentStages, kept));
    }

    // Any condition on positions will do: here, where another part gives even labels.
    private static bool[] Positions(PartialSequence other) =>
        [.. other.Labels(other.Grid.LastStage).ToArray().Select(label => label % 2 == 0)];

    private static void Same(PartialSequence expected, PartialSequence actual) =>
        Assert.True(expected.SequenceEqual(actual), $"{Text(expected)} is not {Text(actual)}");

    // Whether everything that the first gives is given by the second.
    private static bool Within(PartialSequence part, PartialSequence whole) =>
        Within(part.AllLabels.ToArray(), whole.AllLabels.ToArray()) && Within(part.AllTokens.ToArray(), whole.AllTokens.ToArray());

    private static bool Within(int[] part, int[] whole) =>
        part.Zip(whole).All(p => p.First == PartialSequence.Unknown || p.First == p.Second);

    private static string Text(PartialSequence sequence) =>
        $"[{string.Join(" ", sequence.AllLabels.ToArray())} | {string.Join(" ", sequence.AllTokens.ToArray())}]";
}
